import { statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createLedger } from '../../src/call/ledger.ts';
import type { SshSettings } from '../../src/ports/remote-host.ts';
import { createRemoteHosts } from '../../src/providers/hostinger/ssh/index.ts';
import { createGuard } from '../../src/resilience/guard.ts';
import { answerMessages } from '../processes.ts';

export interface UploadRequest {
  readonly settings: SshSettings;
  readonly file: string;
  readonly folder: string;
}
export interface UploadCosts {
  /** Connecting and loading included, as in a process of OpenSSH's. */
  readonly elapsedMs: number;
  /** Most resident memory of this process, ever. */
  readonly peakBytes: number;
}

/** What a deployment does with a file: connects, sends it, makes it durable, renames it. */
answerMessages(
  async ({ settings, file, folder }: UploadRequest): Promise<UploadCosts & Record<string, number>> => {
    const begun = performance.now();
    const hosts = createRemoteHosts({ hosts: [{ name: 'bench', sessions: 4, settings: async () => settings }], guard: createGuard() });
    const files = [{ path: 'release', sizeBytes: statSync(file).size, mode: 0o644, open: () => open(file) }];
    await hosts.upload('bench', folder, files, () => undefined, {
      callId: 'bench',
      actor: 'bench',
      iam: [],
      serverIam: [],
      signal: new AbortController().signal,
      deadlineAt: Date.now() + 120_000,
      waitMs: 120_000,
      dryRun: false,
      clientToken: 'bench',
      ledger: createLedger(),
      progress: () => undefined,
      hide: () => undefined,
      noteRequestId: () => undefined,
    });
    const elapsedMs = performance.now() - begun;
    await hosts.close();
    return { elapsedMs, peakBytes: process.resourceUsage().maxRSS * 1_024 };
  },
  () => undefined,
);
