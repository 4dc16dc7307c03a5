/**
 * Invariant: no policy, no start; and a set that does not check out never replaces one that does.
 * Only showing tools may come from a cache. Deciding never does.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Principal } from '../ports/domain.ts';
import type { PolicyPort } from '../ports/policy.ts';
import { loadCedar } from './cedar.ts';
import { compilePolicies, type KnownIds, type Policies } from './check.ts';
import { createEngine, type Engine, type PolicyLog } from './engine.ts';
import { PolicyError, type PolicyProblem } from './problems.ts';
import { buildSchema, type OperationFacts, type PolicySchema, registryHash } from './schema.ts';
import { folderSignature, type PolicyFile, readPolicies, settledChanges, textsHash } from './source.ts';
import { type Visibility, visibilityKey, visibilityOf, visibleTo } from './visibility.ts';
import { readVisibility, writeVisibility } from './visibility-cache.ts';

export interface PolicyOptions {
  readonly folder: string;
  readonly operations: readonly OperationFacts[];
  readonly known: KnownIds;
  /** All configured agents with their teams. */
  readonly principals: readonly Pick<Principal, 'kind' | 'id' | 'teams'>[];
  readonly cacheFile: string;
  /** From `registryHash(operations)`, when the program was built; saves making the schema at the start. */
  readonly registryHash?: string;
  /** How often the folder is looked at for changes. */
  readonly watchEveryMs?: number;
  readonly log: PolicyLog;
  /** After every reload that changed the policies or failed. */
  onReload(result: ReloadResult): void;
}

export interface ReloadResult {
  readonly ok: boolean;
  readonly problems: readonly PolicyProblem[];
}

export interface PolicyStatus {
  /** `degraded`: the folder's last change was refused, and the set before it decides. `failed`: everything is denied. */
  readonly status: 'ok' | 'degraded' | 'failed';
  readonly hash: string;
  readonly problems: readonly PolicyProblem[];
}

export interface Policy extends PolicyPort {
  /** Loads Cedar now instead of on the first decision. Throws what would make every decision a deny. */
  warm(): Promise<void>;
  /** Reads the folder again; never throws. */
  reload(): Promise<ReloadResult>;
  status(): PolicyStatus;
  close(): void;
}

interface Loaded {
  readonly files: readonly PolicyFile[];
  readonly hash: string;
  readonly key: string;
  readonly visible: Visibility;
}

/** Throws `PolicyError` when the folder holds no valid policy set, `Error` when the self-test fails. */
export async function openPolicy(options: PolicyOptions): Promise<Policy> {
  const { folder, operations, known, principals, cacheFile, log } = options;
  const registry = options.registryHash ?? registryHash(operations);
  let schemaMade: PolicySchema | undefined;
  const schema = () => (schemaMade ??= buildSchema(operations));

  const compile = async (files: readonly PolicyFile[]) => compilePolicies(await loadCedar(), schema(), files, known);
  const startEngine = async (policies: Policies): Promise<Engine> =>
    createEngine(await loadCedar(), schema(), policies, log, known.auditGroup);
  const identify = (files: readonly PolicyFile[]) => {
    const hash = createHash('sha256')
      .update(`${textsHash(files)} ${registry}`)
      .digest('hex');
    return { files, hash, key: visibilityKey(hash, principals, known) };
  };
  const see = async (key: string, policies: Policies): Promise<Visibility> => {
    const visible = visibilityOf(await loadCedar(), schema(), policies, principals, known);
    await writeVisibility(cacheFile, key, visible).catch((error: Error) =>
      log.warn({ reason: error.message }, 'the list of visible tools could not be cached'),
    );
    return visible;
  };

  const first = identify(readPolicies(folder));
  let engine: Promise<Engine> | undefined;
  let visible = await readVisibility(cacheFile, first.key);
  if (!visible) {
    const policies = await compile(first.files);
    engine = startEngine(policies);
    await engine;
    visible = await see(first.key, policies);
  }
  let current: Loaded = { ...first, visible };
  let problems: readonly PolicyProblem[] = [];
  let failure: string | undefined;
  const closing = new AbortController();

  const ready = async (): Promise<Engine> => {
    closing.signal.throwIfAborted();
    engine ??= compile(current.files).then(startEngine);
    try {
      return await engine;
    } catch (error) {
      failure = messageOf(error);
      throw error;
    }
  };

  /** Whether anything changed. Throws, and leaves everything as it was, when the files are no valid set. */
  const adopt = async (files: readonly PolicyFile[]): Promise<boolean> => {
    const next = identify(files);
    if (next.hash === current.hash && !failure) return false;
    const policies = await compile(files);
    const seen = await see(next.key, policies);
    const running = await ready().catch(() => undefined);
    if (running) running.replace(policies);
    else {
      closing.signal.throwIfAborted();
      engine = startEngine(policies);
      await ready();
    }
    current = { ...next, visible: seen };
    failure = undefined;
    return true;
  };

  const reloadNow = async (): Promise<ReloadResult> => {
    const before = problems;
    let changed = false;
    try {
      changed = await adopt(readPolicies(folder));
      problems = [];
    } catch (error) {
      problems = error instanceof PolicyError ? error.problems : [{ file: folder, line: 1, column: 1, message: messageOf(error) }];
    }
    const result = { ok: problems.length === 0, problems };
    if (!closing.signal.aborted && (changed || !result.ok || before.length > 0)) options.onReload(result);
    return result;
  };
  let queue: Promise<unknown> = Promise.resolve();
  const reload = (): Promise<ReloadResult> => {
    const done = queue.then(reloadNow);
    queue = done.catch(() => undefined);
    return done;
  };

  // Looking beats `fs.watch`: it sees a folder that was swapped whole, network mounts, and works alike everywhere.
  const watch = async (everyMs: number) => {
    const changed = settledChanges();
    while (!closing.signal.aborted) {
      await sleep(everyMs, undefined, { ref: false, signal: closing.signal }).catch(() => undefined);
      if (changed(await folderSignature(folder)) && !closing.signal.aborted)
        await reload().catch((error) => log.warn({ reason: messageOf(error) }, 'onReload failed'));
    }
  };
  void watch(options.watchEveryMs ?? 500);

  return {
    hash: () => current.hash,
    visibleTools: (principal) => visibleTo(current.visible, principal).tools,
    capabilities: (principal) => visibleTo(current.visible, principal).may,
    decide: async (question) => {
      try {
        return (await ready()).decide(question);
      } catch (error) {
        log.warn({ tool: question.tool, reason: messageOf(error) }, 'policy could not be loaded; denied');
        return {
          allow: false,
          policyIds: [],
          advice: ['The policy could not be loaded, so every call is refused. Tell the platform engineer.'],
        };
      }
    },
    warm: async () => {
      await ready();
    },
    reload,
    status: () => ({ status: failure ? 'failed' : problems.length > 0 ? 'degraded' : 'ok', hash: current.hash, problems }),
    close: () => {
      closing.abort();
      void engine?.then((made) => made.close()).catch(() => undefined);
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
