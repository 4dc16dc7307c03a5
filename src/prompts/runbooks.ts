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

export const runbooks: ReadonlyMap<string, string> = new Map([['instance-fails-to-start', instanceFailsToStart]]);
