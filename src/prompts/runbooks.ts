/** Runbooks: short, in the order in which a person would do it. Read as `cloud://runbooks/{name}` and embedded in prompts. */

const instanceFailsToStart = `# An instance fails to start

1. Read the facts. \`state\` and \`stateReason\` of instances_get say most of it; do not start again before you know.
2. Match the reason:
   - \`Server.InsufficientInstanceCapacity\`, or the start answered \`provider_rejected\` with \`InsufficientInstanceCapacity\`: the zone has no room. Wait some minutes and start again, or propose another type or zone. Nothing is broken.
   - \`Client.VolumeLimitExceeded\`, \`InstanceLimitExceeded\`, \`VcpuLimitExceeded\`: a quota. A person has to raise it in Service Quotas, or something else has to stop.
   - \`Client.InternalError\`, \`Client.InvalidSnapshot.NotFound\`: the root volume cannot be used, often an encryption key that the role may not use. A person has to look at the KMS key.
   - \`Server.InternalError\`: AWS's fault. Stop, then start: that moves the instance to other hardware.
   - \`IncorrectInstanceState\`: it is already on its way. Read it again in a minute.
3. Running, but nobody can reach it: instances_metrics, look at StatusCheckFailed. Above zero for ten minutes: stop and start (not restart) moves it to other hardware.
4. Denied? access_explain says which policy and which tags. Do not look for a way around it: ask.
5. Say what you found, what you did, and the call ids.
`;

const vpsUnreachable = `# A VPS cannot be reached

1. Read health_check: the API of Hostinger and SSH of each server are asked apart, and say different things.
   - The API fails too: it is Hostinger or the token (\`provider_denied\`: a person renews HOSTINGER_API_TOKEN). The server may be fine.
   - Only SSH fails: go on.
2. Read the machine: instances_get. \`stopped\`: instances_start, then health_check again. Anything else that is not \`running\`: wait for its action.
3. SSH says why:
   - \`HostKeyMismatch\`: stop. Either the machine was set up anew or something stands between. Only a person compares the new key on the server's console and trusts it (\`doctor --trust-host\`). Do not restart to get around it.
   - \`AuthenticationFailed\`: the key is not on the server, or not for this user. A person adds it.
   - No connection or a timeout: security_review_network shows the firewalls; port 22 may be closed to us, or its rules not synchronised.
   - It connects and hangs: instances_metrics. A full disk or memory at its end lets nobody in.
4. Running, nothing reaches it, metrics flat: instances_restart. That ends what runs there: say so first.
5. It is back: vps_service for what should run there, and its journal for what happened.
6. Say what you found, what you did, and the call ids.
`;

const deploymentRollback = `# Roll a deployment back

1. Read deploy_status of the application: which version serves, which served before, and how the last deployment ended.
   - \`rolled_back\`: it was taken back already, and the version before was found healthy. Nothing to do but find the cause.
   - \`running\`: it is under way and will take itself back if it is not healthy. Wait for it; a second one is refused.
   - \`failed\`: the version before was not healthy either. Go on, with a version that you know.
   - \`done\`, and it is bad all the same: the health check does not see what users see. Go on.
2. Choose: deploy_rollback without a version goes back to the one that served before; with one, to any that is kept (deploy_plan lists them).
3. A schema or data that changed with the version does not go back with it. If the new version migrated something, ask a person first.
4. Call deploy_rollback. It checks the health of what it puts back, and says which version serves.
5. Look: vps_service and its journal, or the metrics. Say what you found, what you did, and the call ids.
`;

const costSpike = `# Costs have risen

1. Read the month (costs_month): \`movers\` names the services that changed most, with the usage type and the day. That is most of the answer.
2. Is it real? \`incomplete\`: a cloud did not answer (\`missing\` says which), or the month is not over, and is compared with the same days of the one before, without today. Credits or a refund of the month before make this one look dear: compare \`total\`, which is before both. A renewal that is paid once a year is in \`cash\`, not in \`total\`.
3. Narrow it down with costs_breakdown of that month and service, each once: by usageType (what), day (since when), region (where: one that you do not use is a warning), team and application (whose; \`(none)\` is untagged).
   - \`BoxUsage:<type>\`: instances of that type. instances_list, then instances_metrics: idle ones are the usual cause.
   - \`DataTransfer-Out\`, \`NatGateway-Bytes\`: traffic. Look at what was deployed on that day (deploy_list).
   - \`TimedStorage\`, \`EBS:\`, \`Snapshot\`: what grows and nobody deletes.
   - \`Requests\`, \`Lambda-GB-Second\`: something runs in a circle. logs_query of that function on that day.
   - A region or service that nobody knows: it may be somebody else. Tell a person at once, then security_review_account.
4. Still running? What is idle is stopped with instances_stop (disks go on costing); what must go needs instances_terminate and a person's approval. Do neither to what you did not find idle yourself.
5. Would an alert have told earlier? costs_list_alerts; costs_set_alert makes one.
6. Say what rose, by how much, since when, why, what it will come to (costs_forecast), what you did, and the call ids.
`;

export const runbooks: ReadonlyMap<string, string> = new Map([
  ['instance-fails-to-start', instanceFailsToStart],
  ['vps-unreachable', vpsUnreachable],
  ['deployment-rollback', deploymentRollback],
  ['cost-spike', costSpike],
]);
