import { readFileSync } from 'node:fs';
import type { Tree } from './tree.ts';

export interface UnitState {
  readonly name: string;
  readonly active: 'active' | 'inactive' | 'failed';
  readonly sub: 'running' | 'dead' | 'failed';
  readonly since: number;
  readonly pid: number;
}

/** Units of a sandbox server: every `ziggie-*` exists. */
export interface Units {
  /** @param name with or without `.service`; undefined: there is none of this name */
  find(name: string): UnitState | undefined;
  /** Never fails to start: what is wrong shows in the state, as with a simple unit of systemd. */
  start(name: string): void;
  stop(name: string): void;
  /** Lines in the form of `short-iso`, oldest first. */
  journal(name: string): readonly string[];
}

/**
 * A unit is as healthy as the release that it runs: `/srv/<unit>/current/health.json` holds `{"status": "ok"}` or says what is wrong.
 * Without the file it runs.
 */
export function createUnits(server: string, tree: Tree): Units {
  const states = new Map<string, UnitState>();
  const journals = new Map<string, string[]>();
  const bootedAt = Date.now();
  let lastPid = 1_000;

  /** What was put into service before this process began runs from its beginning. */
  const atBoot = (name: string): UnitState => {
    const unit = { name, since: bootedAt };
    if (!isThere(tree, `/srv/${name}/current`)) return { ...unit, active: 'inactive', sub: 'dead', pid: 0 };
    if (!healthOf(tree, name).ok) return { ...unit, active: 'failed', sub: 'failed', pid: 0 };
    return { ...unit, active: 'active', sub: 'running', pid: lastPid };
  };

  const find: Units['find'] = (given) => {
    const name = given.endsWith('.service') ? given.slice(0, -'.service'.length) : given;
    if (!/^ziggie-[\w.@:-]+$/.test(name)) return undefined;
    return states.get(name) ?? atBoot(name);
  };
  const write = (unit: string, source: string, text: string) => {
    const time = new Date().toISOString().replace(/\.\d+Z$/, '+00:00');
    journals.set(unit, [...(journals.get(unit) ?? []), `${time} ${server} ${source}: ${text}`].slice(-200));
  };
  const enter = (name: string, active: UnitState['active'], sub: UnitState['sub'], pid = 0) =>
    states.set(name, { name, active, sub, since: Date.now(), pid });

  return {
    find,
    start(given) {
      const unit = find(given);
      if (!unit || unit.active === 'active') return;
      const { name } = unit;
      lastPid += 1;
      write(name, 'systemd[1]', `Started ${name}.service.`);
      const health = healthOf(tree, name);
      write(name, `${name}[${lastPid}]`, health.text);
      if (health.ok) {
        enter(name, 'active', 'running', lastPid);
      } else {
        write(name, 'systemd[1]', `${name}.service: Failed with result 'exit-code'.`);
        enter(name, 'failed', 'failed');
      }
    },
    stop(given) {
      const unit = find(given);
      if (!unit || unit.active === 'inactive') return;
      if (unit.active === 'active') write(unit.name, 'systemd[1]', `Stopped ${unit.name}.service.`);
      enter(unit.name, 'inactive', 'dead');
    },
    journal: (given) => journals.get(find(given)?.name ?? '') ?? [],
  };
}

function isThere(tree: Tree, path: string): boolean {
  try {
    return tree.find(path).stats !== undefined;
  } catch {
    return false;
  }
}

function healthOf(tree: Tree, unit: string): { ok: boolean; text: string } {
  const path = `/srv/${unit}/current/health.json`;
  let text: string;
  try {
    text = readFileSync(tree.find(path).host, 'utf8');
  } catch {
    return { ok: true, text: 'started' };
  }
  const status = statusIn(text);
  return { ok: status === 'ok', text: `started, health.json says ${status ?? 'nothing that can be read'}` };
}

function statusIn(text: string): string | undefined {
  try {
    const health: unknown = JSON.parse(text);
    if (typeof health !== 'object' || health === null || !('status' in health)) return undefined;
    return typeof health.status === 'string' ? health.status : undefined;
  } catch {
    return undefined;
  }
}
