import { failed, type Program, parseOptions, said } from './program.ts';
import type { UnitState } from './units.ts';

/** systemctl(1) as far as services need it. */
export const systemctl: Program = ({ units }, args) => {
  const { flags, values, operands } = parseOptions(
    args,
    ['q', 'quiet', 'no-pager', 'no-block', 'now', 'value'],
    ['p', 'property', 'n', 'lines'],
  );
  const [verb = '', ...names] = operands;
  if (verb === 'daemon-reload') return { code: 0 };
  if (!['show', 'start', 'stop', 'restart', 'is-active', 'enable', 'disable', 'reset-failed'].includes(verb)) {
    return failed(
      `The sandbox's systemctl knows show, start, stop, restart, is-active, enable, disable, reset-failed and daemon-reload, not ${verb}.`,
    );
  }
  if (names.length === 0) return failed('Too few arguments.');
  if (verb === 'show') {
    const wanted = (values.property ?? values.p)?.split(',');
    return said(names.map((name) => showUnit(name, units.find(name), wanted, flags.has('value'))).join('\n\n'));
  }
  if (verb === 'is-active') {
    const states = names.map((name) => units.find(name)?.active ?? 'inactive');
    // LSB: 0 runs, 3 does not, 4 is not known (systemctl(1), "Exit status").
    const code = states.includes('active') ? 0 : names.some((name) => units.find(name)) ? 3 : 4;
    return { code, ...(flags.has('q') || flags.has('quiet') ? {} : { stdout: `${states.join('\n')}\n` }) };
  }
  const missing = names.find((name) => !units.find(name));
  if (missing !== undefined) return failed(`Failed to ${verb} ${fullName(missing)}: Unit ${fullName(missing)} not found.`, 5);
  for (const name of names) {
    if (verb === 'reset-failed' && units.find(name)?.active === 'failed') units.stop(name);
    if (verb === 'stop' || verb === 'restart') units.stop(name);
    if (verb === 'start' || verb === 'restart') units.start(name);
  }
  return { code: 0 };
};

/** journalctl(1) for one unit; its lines come in the form of short-iso whatever is asked for. */
export const journalctl: Program = ({ units }, args) => {
  const { flags, values } = parseOptions(args, ['q', 'quiet', 'no-pager'], ['u', 'unit', 'n', 'lines', 'o', 'output', 'S', 'since']);
  const unit = values.unit ?? values.u;
  if (unit === undefined) return failed('The sandbox keeps journals of units only: journalctl -u ziggie-web.');
  const lines = Number(values.lines ?? values.n ?? 1_000);
  if (!Number.isInteger(lines) || lines < 0) return failed(`Failed to parse lines '${values.lines ?? values.n}'`);
  const newest = lines === 0 ? [] : units.journal(unit).slice(-lines);
  const isQuiet = flags.has('q') || flags.has('quiet');
  return said(newest.length > 0 || isQuiet ? newest.join('\n') : '-- No entries --');
};

function showUnit(name: string, unit: UnitState | undefined, wanted: readonly string[] | undefined, bare: boolean): string {
  const since = unit ? `${new Date(unit.since).toISOString().slice(0, 19).replace('T', ' ')} UTC` : '';
  const properties: Record<string, string> = {
    Id: fullName(name),
    LoadState: unit ? 'loaded' : 'not-found',
    ActiveState: unit?.active ?? 'inactive',
    SubState: unit?.sub ?? 'dead',
    UnitFileState: unit ? 'enabled' : '',
    Result: unit?.active === 'failed' ? 'exit-code' : 'success',
    StateChangeTimestamp: since,
    ActiveEnterTimestamp: unit?.active === 'active' ? since : '',
    MainPID: String(unit?.pid ?? 0),
    NRestarts: '0',
  };
  return Object.entries(properties)
    .filter(([key]) => !wanted || wanted.includes(key))
    .map(([key, value]) => (bare ? value : `${key}=${value}`))
    .join('\n');
}

function fullName(name: string): string {
  return /\.(service|socket|timer|target|path|mount)$/.test(name) ? name : `${name}.service`;
}
