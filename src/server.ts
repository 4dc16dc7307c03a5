import { join } from 'node:path';
import { createApprovals } from './approvals/approvals.ts';
import { type Audit, openAudit } from './audit/audit.ts';
import { noSession } from './aws-later.ts';
import { auditAccountId, logsEndpoint } from './aws-settings.ts';
import { createAccess } from './call/access.ts';
import { newCallId } from './call/call-id.ts';
import { createInvoke, type Invoke, type Road, recordRefusal } from './call/invoke.ts';
import { createRedactor } from './call/redact.ts';
import { createRefusalCounter, type RefusalCounter } from './call/refusal-counter.ts';
import { type Chores, scheduledTools, startChores } from './chores.ts';
import { createApproverList } from './config/approvers.ts';
import type { Settings } from './config/load.ts';
import { closest } from './config/problem.ts';
import { type Clouds, connectClouds } from './connect-clouds.ts';
import { connectSpend } from './connect-spend.ts';
import { redactCrashesWith } from './crash.ts';
import { createFleetDashboard } from './fleet-dashboard.ts';
import { healthProbes } from './health.ts';
import { createLog } from './log.ts';
import { createNotices, type McpBackend } from './mcp/session.ts';
import { bindingFacts } from './policy/entities.ts';
import { openPolicy, type Policy } from './policy/open-policy.ts';
import type { Principal } from './ports/domain.ts';
import type { Guard } from './ports/guard.ts';
import type { LogSink } from './ports/log-sink.ts';
import type { StateStore } from './ports/state.ts';
import { runbooks } from './prompts/runbooks.ts';
import type { AwsProvider } from './providers/aws/index.ts';
import { createGuard } from './resilience/guard.ts';
import { argumentsKey } from './state/arguments-key.ts';
import { openSqliteStore } from './state/sqlite-store.ts';
import { agentOfToken } from './state/tokens.ts';
import { catalogue } from './tools/catalogue.ts';
import { version } from './version.ts';

/** Everything that runs, put together; faces take what they need of it. */
export interface ZiggieServer {
  readonly backend: McpBackend;
  readonly road: Road;
  readonly store: StateStore;
  readonly policy: Policy;
  readonly audit: Audit;
  readonly refusals: RefusalCounter;
  readonly logSink: LogSink;
  readonly guard: Guard;
  identity: AwsProvider['identity'];
  /** Values of the configuration that may be kept in Secrets Manager, and where there. */
  readonly provided: Clouds['provided'];
  /** The host key that a server of ziggie.yaml shows, asked without logging in. */
  readonly scanHostKey: Clouds['hostinger']['scan'];
  /** Hostinger's API and its servers, asked for the least that they answer. */
  readonly probes: Pick<Clouds['hostinger'], 'probe' | 'probeHost'>;
  /** For processes that stay: from soon on does what nobody calls for (`startChores`). */
  stay(): void;
  readonly configurationPlace: AwsProvider['configurationPlace'];
  readonly invoke: Invoke;
  readonly log: ReturnType<typeof createLog>;
  /** The principal of an agent of ziggie.yaml. */
  agent(id: string): Principal | undefined;
  authenticate(token: string): Principal | undefined;
  /** Lets running calls end, delivers what it can, and closes; each within a bound. */
  close(): Promise<void>;
}

const drainMs = 10_000;
const flushMs = 3_000;
/** A deployment that takes longer is ended by whoever starts next. */
const deploymentGraceMs = 60_000;
const warmAfterMs = 300;

/**
 * Composition root: configuration → adapters → road → faces. It wires and decides nothing.
 * @throws CallError `audit_unavailable` or `internal` when the state folder cannot be used; PolicyError for a policy that does not hold
 */
export async function startServer(settings: Settings): Promise<ZiggieServer> {
  const redactor = createRedactor();
  redactCrashesWith(redactor);
  const { credentials } = settings.aws;
  for (const secret of [credentials?.secretAccessKey, credentials?.sessionToken]) if (secret) redactor.register(secret);
  const log = createLog(redactor);
  const notices = createNotices();
  const store = openSqliteStore(settings.stateFolder);
  const guard = createGuard();
  const sessions = { of: noSession };
  const clouds = connectClouds({
    settings,
    guard,
    store,
    redactor,
    sessionPolicy: (agentId) => sessions.of(agentId),
  });
  const { aws } = clouds;
  const { account, region, logGroup, pruneAfterDays } = settings.audit;
  const audit = await openAudit({
    folder: journalFolder(settings),
    destination: {
      account: auditAccountId(settings) ?? account,
      region,
      endpoint: logsEndpoint(settings) ?? 'aws',
      logGroup,
      mode: settings.sandbox ? 'sandbox' : 'live',
    },
    version,
    logSink: aws.logSink,
    pruneAfterDays,
  });
  const policy = await openPolicy({
    folder: settings.policyFolder,
    operations: catalogue.entries.map(({ tool: { name, inputSchema }, toolset, effect, entity }) => ({
      name,
      toolset,
      effect,
      entity,
      inputSchema: () => inputSchema,
    })),
    ...(catalogue.registryHash ? { registryHash: catalogue.registryHash } : {}),
    known: knownIds(settings),
    principals: settings.agents.map(({ id, teams }) => ({ kind: 'agent', id, teams })),
    cacheFile: join(settings.stateFolder, 'visible-tools.json'),
    log,
    onReload: ({ ok, problems }) => {
      if (ok) notices.publish({ kind: 'tools' });
      else log.error({ problems }, 'the policy was changed to one that does not hold; the one before stays in force');
    },
  });
  if (settings.aws.accounts.some(({ role }) => role !== undefined)) {
    const { createSessionPolicies } = await import('./session-policies.ts');
    sessions.of = createSessionPolicies({ settings, policy, operations: await loadOperations() }).of;
  }
  const approvers = createApproverList(settings);
  const principals = new Map<string, Principal>(
    settings.agents.map(({ id, teams, toolsets }) => [id, { kind: 'agent', id, teams, toolsets }]),
  );
  const principalOf = (id: string): Principal => principals.get(id) ?? { kind: 'agent', id, teams: [], toolsets: [] };
  const limits = new Map(settings.agents.map(({ id, limits }) => [id, limits]));
  const caps = new Map(settings.agents.map(({ id, monthlyCapCents }) => [id, monthlyCapCents]));

  const road: Road = {
    operations: loadOperations,
    ports: {
      ...clouds.ports,
      access: createAccess({
        road: () => road,
        version,
        mode: settings.sandbox ? 'sandbox' : 'live',
        probes: healthProbes({ settings, audit, policy, guard, store, aws, hostinger: clouds.hostinger }),
        runbooks,
      }),
    },
    resolvers: clouds.resolvers,
    policy,
    approvals: createApprovals({ store, approvers, ttlMs: settings.approvalTtlMs, spent: (id) => audit.approvalSpent(id) }),
    audit,
    store,
    redactor,
    argumentsKey: argumentsKey(settings.stateFolder),
    sandbox: settings.sandbox,
    approverIds: async () => [...(await approvers()).keys()],
    limitsOf: (principal) => limits.get(principal.id) ?? settings.defaultLimits,
    spend: connectSpend(settings, store),
    monthlyCapOf: (principal) => caps.get(principal.id),
    bindingFacts,
    nearestTool: (name) =>
      closest(
        name,
        catalogue.entries.map(({ tool }) => tool.name),
      ),
    warn: log.warn,
    changed: (operation, targets, by) => {
      notices.publish({ kind: 'changed', targets });
      fleetDashboard?.changed(operation, targets, by);
    },
    now: Date.now,
  };
  clouds.recordOn(road, principalOf);
  let chores: Chores | undefined;
  const running = new Set<Promise<unknown>>();
  const travel = createInvoke(road);
  /** What closing waits for. */
  const track = <T>(work: Promise<T>): Promise<T> => {
    running.add(work);
    const done = () => void running.delete(work);
    work.then(done, done);
    return work;
  };
  const stopping = new AbortController();
  const invoke: Invoke = (request) => {
    chores?.noteCall(request.client);
    const signal = request.signal ? AbortSignal.any([request.signal, stopping.signal]) : stopping.signal;
    return track(travel({ ...request, signal }));
  };
  // The sandbox has no dashboards.
  const fleetDashboard = settings.sandbox
    ? undefined
    : createFleetDashboard({ invoke, mayUse: (principal, tool) => policy.visibleTools(principal).includes(tool) });
  const refusals = createRefusalCounter(
    (counted) =>
      audit.append({
        ...counted,
        phase: 'refused',
        callId: newCallId(Date.now()),
        principal: 'unknown',
        client: 'http',
        tool: 'http',
        errorCode: 'unauthenticated',
        effect: 'none',
        sandbox: settings.sandbox,
      }),
    Date.now,
  );
  audit.start();
  // The first list needs no Cedar; the first decision should not wait for it either.
  const warming = setTimeout(() => {
    void Promise.allSettled([policy.warm(), loadOperations()]);
  }, warmAfterMs);

  return {
    backend: {
      version,
      sandbox: settings.sandbox,
      runbookNames: [...runbooks.keys()],
      invoke,
      refuse: (request, error) => track(recordRefusal(road, request, error)),
      offeredTools: (principal) => {
        const usable = new Set(policy.visibleTools(principal));
        return catalogue.entries.flatMap(({ tool, toolset, listed }) =>
          listed && principal.toolsets.includes(toolset) && usable.has(tool.name) ? [tool] : [],
        );
      },
      mayUse: (principal, tool) => policy.visibleTools(principal).includes(tool),
      mayRead: async (principal, tool, target) => {
        const system = { dryRun: false, sandbox: settings.sandbox };
        const input = target.type === 'Instance' ? { provider: target.provider, id: target.id } : {};
        return (await policy.decide({ principal, tool, target, input, system })).allow;
      },
      seen: (principal, type, prefix) => store.seen(principal.id, type, prefix, 101),
      notices,
    },
    road,
    store,
    policy,
    audit,
    refusals,
    logSink: aws.logSink,
    guard,
    identity: aws.identity,
    provided: clouds.provided,
    scanHostKey: clouds.hostinger.scan,
    probes: clouds.hostinger,
    stay() {
      if (chores) return;
      const lacking = [...scheduledTools].filter((tool) => !policy.visibleTools(principalOf(settings.costs.agent)).includes(tool));
      if (lacking.length > 0) {
        log.warn({ agent: settings.costs.agent, lacking }, 'policy does not let costs.agent do what the server does by itself');
      }
      chores = startChores({ settings, store, clouds, invoke, principalOf, log });
    },
    configurationPlace: aws.configurationPlace,
    invoke,
    log,
    agent: (id) => principals.get(id),
    authenticate: (token) => {
      const id = agentOfToken(store, token);
      return id === undefined ? undefined : principals.get(id);
    },
    async close() {
      clearTimeout(warming);
      chores?.stop();
      await within(drainMs, Promise.allSettled(running));
      // What only waits is told to stop; what was sent is still given its time.
      stopping.abort();
      await within(drainMs, Promise.allSettled(running));
      await within(deploymentGraceMs + drainMs, clouds.close(deploymentGraceMs));
      await refusals.flush();
      await audit.flush(flushMs);
      await audit.close();
      policy.close();
      store.close();
    },
  };
}

let operations: ReturnType<Road['operations']> | undefined;

/** The registry itself, with the first call. */
function loadOperations(): ReturnType<Road['operations']> {
  operations ??= import('./tools/index.ts').then(
    (registry) => new Map(registry.operations.map((operation) => [operation.name, operation])),
  );
  return operations;
}

export function knownIds(settings: Settings) {
  return {
    agents: settings.agents.map(({ id }) => id),
    teams: [...new Set(settings.agents.flatMap(({ teams }) => teams))],
    humans: settings.approvers.map(({ id }) => id),
    accounts: [...settings.aws.accounts.map(({ name }) => name), 'hostinger'],
    auditGroup: settings.audit.logGroup,
  };
}

export function journalFolder({ stateFolder }: Settings): string {
  return join(stateFolder, 'audit');
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, bound]);
  clearTimeout(timer);
}
