import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Ended, failed, forEach, type Machine, type Program, parseOptions, reasonOf, said } from './program.ts';
import { systemError } from './tree.ts';

/** The core utilities that look at files and change them, as far as administration and releases need them. */

export const cat: Program = ({ tree }, args, stdin) => {
  const { operands } = parseOptions(args, []);
  const parts: Buffer[] = [];
  const { code, stderr } = forEach('cat', operands.length > 0 ? operands : ['-'], (path) => {
    parts.push(path === '-' ? stdin : readWhole(tree.find(path)));
    return undefined;
  });
  return { code, stdout: Buffer.concat(parts), stderr: stderr ?? '' };
};

export const tail: Program = ({ tree }, args, stdin) => {
  const { values, operands } = parseOptions(args, [], ['n', 'lines']);
  const count = Number(values.n ?? values.lines ?? 10);
  if (!Number.isInteger(count) || count < 0) return failed(`tail: invalid number of lines: '${values.n ?? values.lines}'`);
  return forEach('tail', operands.length > 0 ? operands : ['-'], (path) => {
    const lines = (path === '-' ? stdin : readWhole(tree.find(path))).toString().split(/(?<=\n)/);
    return count === 0 ? '' : lines.slice(-count).join('');
  });
};

export const ls: Program = ({ tree }, args) => {
  const { flags, operands } = parseOptions(args, ['l', 'a', 'A', '1', 'd', 'h']);
  return forEach('ls', operands.length > 0 ? operands : ['.'], (path) => {
    const place = tree.find(path, { followLast: !flags.has('l') });
    const names =
      place.stats.isDirectory() && !flags.has('d')
        ? [...(flags.has('a') ? ['.', '..'] : []), ...readdirSync(place.host).sort()].filter(
            (name) => !name.startsWith('.') || flags.has('a') || flags.has('A'),
          )
        : [undefined];
    const rows = names.map((name) => {
      const inner = name === undefined ? place : tree.find(`${place.path}/${name}`, { followLast: false });
      return flags.has('l') ? longRow(name ?? path, inner.host, inner.stats) : (name ?? path);
    });
    return rows.map((row) => `${row}\n`).join('');
  });
};

export const mkdir: Program = ({ tree }, args) => {
  const { flags, values, operands } = parseOptions(args, ['p', 'parents'], ['m', 'mode']);
  const given = values.m ?? values.mode;
  const mode = given === undefined ? 0o755 : octal(given);
  if (mode === undefined) return failed(`mkdir: invalid mode '${given}'`);
  const withParents = flags.has('p') || flags.has('parents');
  return forEach('mkdir', operands, (path) => {
    const parts = path.split('/').filter((part) => part !== '');
    const start = path.startsWith('/') ? '/' : '';
    for (let count = withParents ? 1 : parts.length; count <= parts.length; count += 1) {
      const prefix = start + parts.slice(0, count).join('/');
      const place = tree.locate(prefix);
      // A link to nothing is in the way, as for mkdir(2).
      if (!place.stats && tree.locate(prefix, { followLast: false }).stats) throw systemError('EEXIST', path);
      if (!place.stats) mkdirSync(place.host, { mode: count === parts.length ? mode : 0o755 });
      else if (!place.stats.isDirectory() || !withParents) throw systemError('EEXIST', path);
    }
    return undefined;
  });
};

export const ln: Program = ({ tree }, args) => {
  const { flags, operands } = parseOptions(args, ['s', 'symbolic', 'f', 'force', 'n', 'no-dereference', 'T', 'no-target-directory']);
  const [target, link, ...others] = operands;
  if (!(flags.has('s') || flags.has('symbolic'))) return failed('ln: the sandbox makes symbolic links only: ln -s');
  if (target === undefined || link === undefined || others.length > 0) return failed('ln: expected one target and one link');
  return attempt(`ln: failed to create symbolic link '${link}'`, () => {
    const place = tree.locate(link, { followLast: false });
    if (place.stats && !(flags.has('f') || flags.has('force'))) throw systemError('EEXIST', link);
    if (place.stats?.isDirectory()) throw systemError('EISDIR', link);
    if (place.stats) rmSync(place.host);
    symlinkSync(target, place.host);
  });
};

export const mv: Program = ({ tree }, args) => {
  const { flags, operands } = parseOptions(args, ['T', 'no-target-directory', 'f', 'force']);
  const [source, target, ...others] = operands;
  if (!(flags.has('T') || flags.has('no-target-directory'))) return failed('mv: the sandbox renames only: mv -T');
  if (source === undefined || target === undefined || others.length > 0) return failed('mv: expected one source and one target');
  return attempt(`mv: cannot move '${source}' to '${target}'`, () => {
    renameSync(tree.find(source, { followLast: false }).host, tree.locate(target, { followLast: false }).host);
  });
};

export const readlink: Program = ({ tree }, args) => {
  const { flags, operands } = parseOptions(args, ['f', 'canonicalize', 'e', 'n']);
  const canonical = flags.has('f') || flags.has('canonicalize') || flags.has('e');
  const [path, ...others] = operands;
  if (path === undefined || others.length > 0) return failed('readlink: expected one path');
  // Like the real one: silent when it is no link, or nothing.
  const shown = quietly(() => {
    if (canonical) return (flags.has('e') ? tree.find(path) : tree.locate(path)).path;
    const { host, stats } = tree.find(path, { followLast: false });
    return stats.isSymbolicLink() ? readlinkSync(host) : undefined;
  });
  return shown === undefined ? { code: 1 } : { code: 0, stdout: flags.has('n') ? shown : `${shown}\n` };
};

export const rm: Program = ({ tree }, args) => {
  const { flags, operands } = parseOptions(args, ['r', 'R', 'recursive', 'f', 'force']);
  const recursive = flags.has('r') || flags.has('R') || flags.has('recursive');
  const force = flags.has('f') || flags.has('force');
  return forEach('rm', operands, (path) => {
    const place = tree.locate(path, { followLast: false });
    if (!place.stats && force) return undefined;
    if (!place.stats) throw systemError('ENOENT', path);
    if (place.path === '/') throw systemError('EINVAL', path);
    if (place.stats.isDirectory() && !recursive) throw systemError('EISDIR', path);
    rmSync(place.host, { recursive, force: true });
    return undefined;
  });
};

export const rmdir: Program = ({ tree }, args) =>
  forEach('rmdir', parseOptions(args, []).operands, (path) => {
    const place = tree.find(path, { followLast: false });
    if (place.path === '/') throw systemError('EINVAL', path);
    rmdirSync(place.host);
    return undefined;
  });

export const chmod: Program = ({ tree }, args) => {
  const { flags, operands } = parseOptions(args, ['R', 'recursive']);
  const [given = '', ...paths] = operands;
  const mode = octal(given);
  if (mode === undefined) return failed(`chmod: the sandbox takes octal modes only, not '${given}'`);
  return forEach('chmod', paths, (path) => {
    const { host, stats } = tree.find(path);
    const recursive = flags.has('R') || flags.has('recursive');
    changeMode(host, stats, mode, recursive);
    return undefined;
  });
};

/** Walks by itself: Node's recursive listing goes through links to folders, and so out of the sandbox. */
function changeMode(host: string, stats: Stats, mode: number, recursive: boolean): void {
  if (stats.isSymbolicLink()) return;
  chmodSync(host, mode);
  if (!recursive || !stats.isDirectory()) return;
  for (const name of readdirSync(host)) {
    const inner = join(host, name);
    changeMode(inner, lstatSync(inner), mode, recursive);
  }
}

/** stat(1) with a format of %n, %s, %a, %F and %Y. */
export const stat: Program = ({ tree }, args) => {
  const { values, operands } = parseOptions(args, ['L', 'dereference'], ['c', 'format']);
  const format = values.c ?? values.format ?? '%n %s %a %F';
  return forEach('stat', operands, (path) => {
    const { stats } = tree.find(path, { followLast: args.includes('-L') });
    const fields: Record<string, string> = {
      n: path,
      s: String(stats.size),
      a: (stats.mode & 0o7777).toString(8),
      F: kindOf(stats),
      Y: String(Math.floor(stats.mtimeMs / 1_000)),
    };
    return `${format.replace(/%([nsaFY])/g, (_, field: string) => fields[field] ?? '')}\n`;
  });
};

const tests: Readonly<Record<string, (stats: Stats | undefined) => boolean | undefined>> = {
  '-e': (stats) => stats !== undefined,
  '-d': (stats) => stats?.isDirectory(),
  '-f': (stats) => stats?.isFile(),
  '-L': (stats) => stats?.isSymbolicLink(),
  '-s': (stats) => stats !== undefined && stats.size > 0,
};

export const test: Program = ({ tree }, [operator = '', path = '', ...others]) => {
  const holds = Object.hasOwn(tests, operator) ? tests[operator] : undefined;
  if (!holds || others.length > 0) return failed(`test: the sandbox knows ${Object.keys(tests).join(', ')} with one path`, 2);
  return { code: holds(quietly(() => tree.locate(path, { followLast: operator !== '-L' }).stats)) ? 0 : 1 };
};

export function readWhole({ host, stats, path }: ReturnType<Machine['tree']['find']>): Buffer {
  if (stats.isDirectory()) throw systemError('EISDIR', path);
  return readFileSync(host);
}

function attempt(what: string, act: () => void): Ended {
  try {
    act();
    return said('');
  } catch (error) {
    return failed(`${what}: ${reasonOf(error)}`);
  }
}

function quietly<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}

function octal(text: string): number | undefined {
  return /^[0-7]{3,4}$/.test(text) ? Number.parseInt(text, 8) : undefined;
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'directory';
  return stats.isSymbolicLink() ? 'symbolic link' : 'regular file';
}

/** As `ls -l` writes it: the owner is root, whoever keeps the folder. */
export function longRow(name: string, host: string, stats: Stats): string {
  const type = stats.isDirectory() ? 'd' : stats.isSymbolicLink() ? 'l' : '-';
  const bits = [...'rwxrwxrwx'].map((letter, index) => (stats.mode & (1 << (8 - index)) ? letter : '-')).join('');
  const time = stats.mtime.toISOString().slice(0, 16).replace('T', ' ');
  const target = stats.isSymbolicLink() ? ` -> ${readlinkSync(host)}` : '';
  return `${type}${bits} 1 root root ${String(stats.size).padStart(9)} ${time} ${name}${target}`;
}
