import { statfsSync } from 'node:fs';
import { sha256sum } from './checksums.ts';
import { readLine } from './client-line.ts';
import { cat, chmod, ln, ls, mkdir, mv, readlink, rm, rmdir, stat, tail, test } from './files.ts';
import { type Ended, failed, type Machine, type Program, parseOptions, reasonOf, said, UnknownOption } from './program.ts';
import { journalctl, systemctl } from './systemd.ts';
import { splitWords } from './words.ts';

const noProcess = 99_999_999;

const uptime: Program = ({ startedAt }) => {
  const minutes = Math.floor((Date.now() - startedAt) / 60_000);
  return said(` ${new Date().toISOString().slice(11, 19)} up ${minutes} min,  1 user,  load average: 0.08, 0.03, 0.01`);
};

const uname: Program = ({ name }, args) => {
  const { flags } = parseOptions(args, ['a', 's', 'n', 'r', 'm']);
  return said(flags.has('a') ? `Linux ${name} 6.8.0-sandbox #1 SMP x86_64 GNU/Linux` : 'Linux');
};

const free: Program = (_machine, args) => {
  parseOptions(args, ['m']);
  return said(
    [
      '               total        used        free      shared  buff/cache   available',
      'Mem:            3915         812        1904           1        1199        2867',
      'Swap:              0           0           0',
    ].join('\n'),
  );
};

/** df(1) of the disk that the sandbox really has, so that a full one shows. */
const df: Program = ({ tree }, args) => {
  const { flags, operands } = parseOptions(args, ['h', 'P', 'k', 'B1']);
  try {
    for (const path of operands) tree.find(path);
  } catch (error) {
    return failed(`df: ${operands.join(' ')}: ${reasonOf(error)}`);
  }
  const { blocks, bavail, bsize } = statfsSync(tree.find('/').host);
  const total = Math.floor((blocks * bsize) / 1_024);
  const available = Math.floor((bavail * bsize) / 1_024);
  const used = total - available;
  const amount = (kib: number) => (flags.has('h') ? `${(kib / 1_048_576).toFixed(1)}G` : String(kib));
  const cells = ['/dev/sda1', ...[total, used, available].map(amount), `${Math.ceil((used / Math.max(total, 1)) * 100)}%`, '/'];
  const title = flags.has('h') ? 'Filesystem Size Used Avail Use% Mounted on' : 'Filesystem 1024-blocks Used Available Capacity Mounted on';
  return said(`${title}\n${cells.join(' ')}`);
};

const programs: ReadonlyMap<string, Program> = new Map(
  Object.entries({
    cat,
    chmod,
    df,
    echo: (_machine: Machine, words: readonly string[]) => said(`${words.join(' ')}\n`),
    free,
    hostname: ({ name }: Machine) => said(name),
    journalctl,
    ln,
    ls,
    mkdir,
    mv,
    readlink,
    rm,
    rmdir,
    sha256sum,
    stat,
    systemctl,
    tail,
    test,
    true: () => said(''),
    uname,
    uptime,
  }),
);

/** Runs one plain command of the emulated ones. Never throws, and never starts a process. */
export function execute(machine: Machine, line: string, stdin: Buffer): Ended {
  const asked = readLine(line);
  if (asked.kind === 'end') return said('');
  if (asked.kind === 'nothing plain') return notHere();
  const ended = runWords(machine, asked.words, stdin);
  if (asked.mark === undefined) return ended;
  // What the script of the client prints first; no process has this number.
  return { ...ended, stdout: Buffer.concat([Buffer.from(`${asked.mark} ${noProcess}\n`), Buffer.from(ended.stdout ?? '')]) };
}

function runWords(machine: Machine, words: readonly string[], stdin: Buffer): Ended {
  const [name = '', ...args] = words;
  // Text for a shell is read as the one command that it may be.
  if (name === 'sh' && args[0] === '-c' && args.length === 2) {
    const inner = splitWords(args[1] ?? '');
    return inner && inner[0] !== 'sh' ? runWords(machine, inner, stdin) : notHere();
  }
  const program = programs.get(name);
  if (!program) return notHere();
  try {
    return program(machine, args, stdin);
  } catch (error) {
    if (error instanceof UnknownOption) return failed(`${name}: the sandbox does not know the option ${error.message}`, 2);
    return failed(`${name}: ${reasonOf(error)}`);
  }
}

function notHere(): Ended {
  return failed(`This is ziggie-cloud's sandbox: it has no shell, and of commands only ${[...programs.keys()].join(', ')}.`, 127);
}
