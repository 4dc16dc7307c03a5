import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../build.ts';
import { type Sshd, startSshd } from '../test/ssh/sshd.ts';
import { type Benchmark, below, median, ratioAtLeast } from './figures.ts';
import { root, startHelper } from './processes.ts';
import type { UploadCosts } from './servers/ssh-upload.ts';
import { toTable } from './table.ts';

const megabytes = 200;
const rounds = 5;

/** A large release to a real sshd on this machine, and the same by OpenSSH's own sftp, told to make it durable like ours (`-f`) and not. */
export const sshUpload: Benchmark = {
  name: 'ssh-upload',
  async run(scratch) {
    const entry = join(root, 'bench', 'servers', 'ssh-upload.ts');
    await bundle({ entryPoints: [entry], outdir: scratch, outExtension: { '.js': '.mjs' }, external: ['ssh2'] });
    const program = join(scratch, 'ssh-upload.mjs');
    const sshd = await startSshd();
    try {
      const file = join(sshd.folder, 'release');
      const descriptor = openSync(file, 'w');
      for (let written = 0; written < megabytes; written += 1) writeSync(descriptor, randomBytes(1_000_000));
      closeSync(descriptor);
      const settings = {
        host: sshd.host,
        port: sshd.port,
        user: sshd.user,
        hostKeys: [sshd.hostKeyFingerprint],
        key: { kind: 'file', path: sshd.keyPath },
      };
      const speeds = { ours: [] as number[], sftp: [] as number[], durable: [] as number[] };
      const peaks: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        speeds.sftp.push(await sftpSpeed(sshd, file, []));
        const helper = startHelper(program);
        const { elapsedMs, peakBytes } = await helper.ask<UploadCosts>({ settings, file, folder: join(sshd.folder, 'ours') }, 120_000);
        await helper.stop();
        speeds.ours.push(megabytes / (elapsedMs / 1_000));
        peaks.push(peakBytes / 1_000_000);
        speeds.durable.push(await sftpSpeed(sshd, file, ['-f']));
      }
      return [
        {
          what: `${megabytes} MB by SSH, against sftp`,
          value: median(speeds.ours),
          unit: 'MB/s',
          baseline: median(speeds.sftp),
          budget: ratioAtLeast(0.8),
        },
        { what: 'the same against sftp -f', value: median(speeds.ours), unit: 'MB/s', baseline: median(speeds.durable) },
        { what: 'most memory of the process that sends', value: Math.max(...peaks), unit: 'MB', budget: below(150) },
      ];
    } finally {
      await sshd.stop();
    }
  },
};

async function sftpSpeed(sshd: Sshd, file: string, options: readonly string[]): Promise<number> {
  const begun = performance.now();
  const known = ['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR'];
  const args = [
    '-q',
    '-F',
    'none',
    '-i',
    sshd.keyPath,
    '-P',
    String(sshd.port),
    ...known,
    ...options,
    '-b',
    '-',
    `${sshd.user}@${sshd.host}`,
  ];
  const child = spawn('sftp', args, { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(`put ${file} ${join(sshd.folder, 'theirs')}\n`);
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`sftp ended with code ${code}`);
  return megabytes / ((performance.now() - begun) / 1_000);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // Below the project, where the bundle finds its dependencies.
  const caches = join(root, 'node_modules', '.cache');
  mkdirSync(caches, { recursive: true });
  const scratch = mkdtempSync(join(caches, 'ziggie-bench-'));
  try {
    const figures = await sshUpload.run(scratch);
    process.stdout.write(`${toTable(figures.map((figure) => ({ benchmark: sshUpload.name, ...figure })))}\n`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
