import { createSecretKey } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApprovals } from '../../src/approvals/approvals.ts';
import { createApproverKey, signApproval } from '../../src/approvals/signing.ts';
import { type Audit, openAudit } from '../../src/audit/audit.ts';
import { createAccess } from '../../src/call/access.ts';
import type { CallRequest, CallResult } from '../../src/call/call.ts';
import { CallError } from '../../src/call/errors.ts';
import { createInvoke, type Road } from '../../src/call/invoke.ts';
import type { Ports } from '../../src/call/operation.ts';
import { createRedactor } from '../../src/call/redact.ts';
import { createSpend } from '../../src/costs/spend.ts';
import { bindingFacts } from '../../src/policy/entities.ts';
import { openPolicy, type Policy } from '../../src/policy/open-policy.ts';
import type { AuditEntry, AuditPort } from '../../src/ports/audit.ts';
import type { CallScope } from '../../src/ports/call-scope.ts';
import type { ComputePort } from '../../src/ports/compute.ts';
import type { InstanceTarget, Principal, Resolved, Target } from '../../src/ports/domain.ts';
import type { TargetResolvers } from '../../src/ports/resolve.ts';
import type { PriceList } from '../../src/ports/spend.ts';
import type { KeptSpend, StateStore } from '../../src/ports/state.ts';
import { openSqliteStore } from '../../src/state/sqlite-store.ts';
import { operations } from '../../src/tools/index.ts';

/**
 * The road with real policy, real journal, real store and real approvals. Only the cloud is a stub, because the order
 * of events around it is what these tests are about; real counterparts have tests of their own.
 */

export const tagged = 'i-0123456789abcdef0';
export const untagged = 'i-0fedcba9876543210';
export const protectedId = 'i-0aaaaaaaaaaaaaaa0';

export function agent(id: string): Principal {
  const teams: Record<string, string> = { 'agent-marcus': 'backend', 'agent-chen': 'frontend', 'agent-ziggie': 'coordinator' };
  return { kind: 'agent', id, teams: [teams[id] ?? 'none'], toolsets: ['access', 'instances'] };
}

function instance(id: string, tags: Record<string, string>): InstanceTarget {
  return {
    type: 'Instance',
    provider: 'aws',
    id,
    account: 'main',
    accountId: '123456789012',
    region: 'eu-north-1',
    name: tags.Name ?? '',
    state: 'running',
    instanceType: 't3.micro',
    tags,
  };
}

/** Ten dollars a month for anything that is called like it. */
const priceList: PriceList = {
  asOf: '2026-11-01',
  monthlyCents: ({ instanceType }) => (instanceType.startsWith('t3.') ? 1_000 : undefined),
};

export const approver = { id: 'alice', passphrase: 'correct horse', ...createApproverKey('correct horse') };

export interface Harness {
  readonly folder: string;
  /** `resolve`, `decide`, `refused`, `intent`, `EFFECT`, `outcome`, in the order in which they happened. */
  readonly events: string[];
  readonly entries: AuditEntry[];
  /** Targets that the cloud was asked to change, as it got them. */
  readonly changed: Target[];
  readonly cloud: Map<string, InstanceTarget>;
  readonly store: StateStore;
  readonly audit: Audit;
  readonly policy: Policy;
  readonly road: Road;
  invoke(request: Partial<CallRequest> & Pick<CallRequest, 'tool'>): Promise<CallResult>;
  /** Signs a pending approval, as the CLI does. */
  approve(id: string): void;
  /** What the cloud does on a change; by default it succeeds. */
  onChange: (target: Resolved<InstanceTarget>, call: CallScope) => Promise<unknown>;
  /** Phases at which the journal fails from now on. */
  readonly brokenPhases: Set<AuditEntry['phase']>;
  close(): Promise<void>;
}

export interface HarnessOptions {
  readonly folder?: string;
  readonly limits?: { callsPerMinute: number; callsAtOnce: number };
  readonly now?: () => number;
  readonly policyFolder?: string;
  readonly accounts?: readonly string[];
  readonly approvers?: ReadonlyMap<string, string>;
  /** What is known of spend; by default it is far from the budget of 100.00 USD. */
  readonly spend?: Partial<KeptSpend> | 'unknown';
  readonly monthlyCapCents?: number;
}

const principals = ['agent-marcus', 'agent-chen', 'agent-ziggie'].map(agent);

/** The starter policies do not change, and opening them is the longest part of a test. */
const starters = new Map<string, Promise<Policy>>();
function starterPolicy(accounts: readonly string[]): Promise<Policy> {
  const key = accounts.join();
  let policy = starters.get(key);
  if (!policy) {
    policy = open(join(import.meta.dirname, '../../config/policy'), accounts, mkdtempSync(join(tmpdir(), 'ziggie-policy-')));
    starters.set(key, policy);
  }
  return policy;
}

function open(folder: string, accounts: readonly string[], cache: string): Promise<Policy> {
  return openPolicy({
    folder,
    operations,
    known: {
      agents: principals.map(({ id }) => id),
      teams: ['backend', 'frontend', 'coordinator'],
      humans: ['alice'],
      accounts: [...accounts],
    },
    principals,
    cacheFile: join(cache, 'visible-tools.json'),
    // Nothing changes below the starter policies, and a poll would keep the process from ending.
    log: { warn: () => undefined },
    onReload: () => undefined,
  });
}

export async function createHarness(options: HarnessOptions = {}): Promise<Harness> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'ziggie-road-'));
  const now = options.now ?? Date.now;
  const accounts = options.accounts ?? ['main'];
  const events: string[] = [];
  const entries: AuditEntry[] = [];
  const changed: Target[] = [];
  const brokenPhases = new Set<AuditEntry['phase']>();
  const cloud = new Map<string, InstanceTarget>([
    [tagged, instance(tagged, { Project: 'Ziggie', Name: 'web-1' })],
    [untagged, instance(untagged, {})],
    [protectedId, instance(protectedId, { Project: 'Ziggie', Protected: 'true' })],
  ]);
  const store = openSqliteStore(folder);
  const audit = await openAudit({
    folder: join(folder, 'audit'),
    destination: { account: 'main', region: 'eu-north-1', endpoint: 'test', logGroup: '/test', mode: 'live' },
    version: '0.0.0',
    pruneAfterDays: 30,
  });
  if (options.spend !== 'unknown') {
    const month = new Date(now()).toISOString().slice(0, 7);
    const calm = { month, currency: 'USD', monthToDateCents: 100, monthToDateAt: now(), forecastCents: 200, forecastAt: now() };
    store.keepSpend({ ...calm, ...options.spend });
  }
  const journal: AuditPort = {
    async append(entry) {
      if (brokenPhases.has(entry.phase)) throw new CallError('audit_unavailable', 'broken', { remedy: 'none' });
      await audit.append(entry);
      events.push(entry.phase);
      entries.push(entry);
    },
    search: (query) => audit.search(query),
    approvalSpent: (id) => audit.approvalSpent(id),
    health: () => audit.health(),
  };
  const policy = options.policyFolder ? await open(options.policyFolder, accounts, folder) : await starterPolicy(accounts);
  const absent = async (): Promise<never> => {
    throw new Error('not part of this test');
  };
  const resolvers: TargetResolvers = {
    Bucket: absent,
    Object: absent,
    Function: absent,
    Secret: absent,
    Alarm: absent,
    DnsZone: absent,
    Application: absent,
    async Instance(ref) {
      events.push('resolve');
      const found = cloud.get(ref.id);
      if (found) return { targets: [found] };
      throw new CallError('target_unresolved', `There is no instance ${ref.id}.`, {
        remedy: 'List them.',
        provider: { code: 'InvalidInstanceID.NotFound' },
      });
    },
    async Account(ref) {
      events.push('resolve');
      const targets = accounts
        .filter((name) => ref.account === undefined || ref.account === name)
        .map(
          (name) =>
            ({
              type: 'Account',
              provider: 'aws',
              id: name,
              account: name,
              accountId: '123456789012',
              regions: ['eu-north-1'],
              tags: {},
            }) as const,
        );
      return { targets };
    },
  };

  const harness: Harness = {
    folder,
    events,
    entries,
    changed,
    cloud,
    store,
    audit,
    policy,
    brokenPhases,
    road: undefined as never,
    onChange: async () => ({ previousState: 'running', state: 'stopped' }),
    invoke: undefined as never,
    approve(id) {
      const row = store.getApproval(id);
      if (!row) throw new Error(`no approval ${id}`);
      const signature = signApproval(row, approver.id, approver.privatePem, approver.passphrase);
      store.decideApproval(id, { status: 'approved', approver: approver.id, signature, now: now() });
    },
    async close() {
      if (options.policyFolder) policy.close();
      await audit.close();
      store.close();
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
  const change = async (target: Resolved<InstanceTarget>, call: CallScope) => {
    if (call.dryRun) {
      return { previousState: target.state, state: target.state, plan: { current: {}, change: {}, providerChecked: true } } as const;
    }
    const settle = call.ledger.attempt();
    events.push('EFFECT');
    changed.push(target);
    try {
      const result = await harness.onChange(target, call);
      settle('applied');
      return result as never;
    } catch (error) {
      settle(error instanceof CallError && error.code === 'provider_rejected' ? 'refused' : 'unknown');
      throw error;
    }
  };
  let launched = 0;
  const compute: ComputePort = {
    list: async (targets) => ({
      instances: targets.flatMap(({ id }) => [
        { provider: 'aws' as const, id: tagged, name: `web ${id}`, state: 'running' as const, type: 't3.micro', region: 'eu-north-1' },
      ]),
    }),
    get: async (target) => ({
      ...((await harness.onChange(target, undefined as never)) as object),
      ...target,
      type: target.instanceType,
      providerState: 'running',
      tags: { ...target.tags },
    }),
    start: change,
    stop: change,
    restart: change,
    terminate: change,
    launch: async (account, _spec, call) => {
      const settle = call.ledger.attempt();
      events.push('EFFECT');
      changed.push(account);
      settle('applied');
      launched += 1;
      // Of the first one there are facts.
      const id = launched === 1 ? tagged : `i-${String(launched).padStart(17, '0')}`;
      return { id, region: 'eu-north-1', state: 'running' };
    },
    metrics: async () => ({ periodSeconds: 300, series: [] }),
  };
  const approvers = options.approvers ?? new Map([[approver.id, approver.publicKey]]);
  const road: Road = {
    operations: async () => new Map(operations.map((operation) => [operation.name, operation])),
    ports: {
      ...({} as Ports),
      compute,
      access: createAccess({ road: () => road, version: '0.0.0', mode: 'live', probes: [], runbooks: new Map([['test', '# test']]) }),
    },
    resolvers,
    policy: {
      hash: () => policy.hash(),
      visibleTools: (principal) => policy.visibleTools(principal),
      capabilities: (principal) => policy.capabilities(principal),
      decide: (question) => {
        events.push('decide');
        return policy.decide(question);
      },
    },
    approvals: createApprovals({ store, approvers: async () => approvers, ttlMs: 600_000, spent: (id) => journal.approvalSpent(id), now }),
    audit: journal,
    store,
    redactor: createRedactor(),
    argumentsKey: createSecretKey(Buffer.alloc(32, 7)),
    sandbox: false,
    approverIds: async () => [...approvers.keys()],
    spend: createSpend({ store, budget: { cents: 10_000, currency: 'USD' }, prices: async () => priceList, now }),
    monthlyCapOf: () => options.monthlyCapCents,
    limitsOf: () => options.limits ?? { callsPerMinute: 100_000, callsAtOnce: 1_000 },
    bindingFacts,
    nearestTool: () => undefined,
    warn: () => undefined,
    now,
  };
  const invoke = createInvoke(road);
  return Object.assign(harness, {
    road,
    invoke: (request: Partial<CallRequest> & Pick<CallRequest, 'tool'>) => invoke({ input: {}, client: 'test', ...request }),
  });
}

export function stop(id: string, more: object = {}): Pick<CallRequest, 'tool' | 'input'> {
  return { tool: 'instances_stop', input: { provider: 'aws', id, ...more } };
}

export function errorOf(result: CallResult) {
  if (result.ok) throw new Error(`expected a failure, got ${JSON.stringify(result.output)}`);
  return result.error;
}

export function outputOf(result: CallResult): Record<string, unknown> {
  if (!result.ok) throw new Error(`expected success, got ${JSON.stringify(result.error)}`);
  return result.output;
}
