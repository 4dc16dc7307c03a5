import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { failure, newCall } from '../aws/harness.ts';
import { repository } from '../support/folders.ts';
import { until } from '../support/until.ts';
import { atEnd, changes, hostsFor, reads, settingsFor, sshdForTests } from './fixture.ts';
import { badNetworkTo } from './proxy.ts';

/** Connections: shared, bounded, renewed, and dropped. */

const sshd = await sshdForTests();

describe('a connection', () => {
  it('is shared by all calls, and its sessions are bounded', async () => {
    const server = await sshdForTests({ maxSessions: 4 });
    const hosts = hostsFor(settingsFor(server), { sessions: 3 });
    const gauge = join(server.folder, 'gauge');
    const command = { shell: `mkdir -p ${gauge}; touch ${gauge}/$$; ls ${gauge} | wc -l; sleep 0.2; rm ${gauge}/$$` };
    const results = await Promise.all(Array.from({ length: 9 }, () => hosts.run('vps', command, reads, newCall())));
    const most = Math.max(...results.map(({ stdout }) => Number(stdout)));
    expect(most).toBeLessThanOrEqual(3);
    expect(most).toBeGreaterThan(1);
    expect(server.accepted()).toBe(1);
  });

  it('with more sessions than the server allows learns from the refusal, and every command runs once', async () => {
    const server = await sshdForTests({ maxSessions: 2 });
    const hosts = hostsFor(settingsFor(server), { sessions: 6 });
    const file = join(server.folder, 'ran');
    const calls = Array.from({ length: 12 }, () => newCall());
    await Promise.all(calls.map((call, index) => hosts.run('vps', { shell: `sleep 0.1; echo ${index} >> ${file}` }, changes, call)));
    const { stdout } = await hosts.run('vps', { shell: `sort -n ${file}` }, reads, newCall());
    expect(stdout.trim().split('\n').map(Number)).toEqual(calls.map((_, index) => index));
    for (const call of calls) expect(call.ledger.effect()).toBe('applied');
  });

  it('lets a waiting call go when it is cancelled or out of time, before it sent anything', async () => {
    const hosts = hostsFor(settingsFor(sshd), { sessions: 1 });
    const begun = join(sshd.folder, 'begun');
    const first = newCall();
    const busy = failure(hosts.run('vps', { shell: `touch ${begun}; sleep 60` }, changes, first));
    await until('the first command', () => existsSync(begun));
    const second = newCall();
    const waiting = failure(hosts.run('vps', { argv: ['touch', '/tmp/never'] }, changes, second));
    const late = newCall({ deadlineAt: Date.now() + 200 });
    expect(await failure(hosts.run('vps', { argv: ['true'] }, changes, late))).toMatchObject({ code: 'timeout' });
    second.cancel();
    expect(await waiting).toMatchObject({ code: 'cancelled' });
    expect([...second.attempts, ...late.attempts]).toEqual([]);
    first.cancel();
    expect(await busy).toMatchObject({ code: 'cancelled' });
  });

  it('that was lost while idle is renewed without a word', async () => {
    const hosts = hostsFor(settingsFor(sshd));
    await hosts.probe('vps', newCall());
    const before = sshd.accepted();
    sshd.dropConnections();
    await hosts.run('vps', { argv: ['true'] }, reads, newCall());
    expect(sshd.accepted()).toBe(before + 1);
  });

  it('that is lost under a read is renewed, and the read repeated once', async () => {
    const server = await sshdForTests();
    const hosts = hostsFor(settingsFor(server));
    const file = join(server.folder, 'count');
    const result = hosts.run(
      'vps',
      { shell: `echo x >> ${file}; [ $(wc -l < ${file}) -gt 1 ] && echo twice || sleep 60` },
      reads,
      newCall(),
    );
    await until('the command', () => existsSync(file));
    server.dropConnections();
    expect((await result).stdout).toBe('twice\n');
  });

  it('that is lost under a change leaves its effect unknown, and nothing is repeated', async () => {
    const server = await sshdForTests();
    const hosts = hostsFor(settingsFor(server));
    const file = join(server.folder, 'count');
    const call = newCall();
    const error = failure(hosts.run('vps', { shell: `echo x >> ${file}; sleep 5` }, changes, call));
    await until('the command', () => existsSync(file));
    server.dropConnections();
    expect(await error).toMatchObject({
      code: 'provider_unavailable',
      details: { retryable: false, provider: { code: 'ConnectionLost' } },
    });
    expect(call.attempts).toEqual(['unknown']);
    expect((await hosts.run('vps', { argv: ['wc', '-l', file] }, reads, newCall())).stdout).toContain('1 ');
  });

  it('whose server falls silent is given up', async () => {
    const network = await badNetworkTo(sshd.port);
    atEnd(() => network.stop());
    const hosts = hostsFor(settingsFor(sshd, { port: network.port }), { keepaliveMs: 100 });
    const begun = join(sshd.folder, 'silent');
    const call = newCall();
    const error = failure(hosts.run('vps', { shell: `touch ${begun}; sleep 5` }, changes, call));
    await until('the command', () => existsSync(begun));
    network.freeze();
    expect(await error).toMatchObject({ code: 'provider_unavailable', details: { provider: { code: 'ConnectionLost' } } });
  });

  it('that breaks while it is made is tried again', async () => {
    const network = await badNetworkTo(sshd.port);
    atEnd(() => network.stop());
    network.refuse(2);
    await hostsFor(settingsFor(sshd, { port: network.port })).probe('vps', newCall());
    expect(network.connections()).toBe(3);
  });

  it('that cannot be made opens the circuit, so that later calls fail at once', async () => {
    const network = await badNetworkTo(sshd.port);
    atEnd(() => network.stop());
    network.refuse(1_000);
    const hosts = hostsFor(settingsFor(sshd, { port: network.port }));
    const codes = new Set<string>();
    for (let attempt = 0; attempt < 6 && !codes.has('circuit_open'); attempt += 1)
      codes.add((await failure(hosts.probe('vps', newCall()))).code);
    expect([...codes]).toEqual(['provider_unavailable', 'circuit_open']);
  });

  it('being made for two calls goes on when one of them leaves', async () => {
    const server = await sshdForTests();
    let answer: (() => void) | undefined;
    const hosts = hostsFor(async () => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return settingsFor(server);
    });
    const leaving = newCall();
    const left = failure(hosts.probe('vps', leaving));
    const stays = hosts.probe('vps', newCall());
    await until('the settings to be asked for', () => answer !== undefined);
    leaving.cancel();
    expect(await left).toMatchObject({ code: 'cancelled' });
    answer?.();
    await stays;
    expect(server.accepted()).toBe(1);
  });

  it('that nobody uses is dropped', async () => {
    const server = await sshdForTests();
    const hosts = hostsFor(settingsFor(server), { idleMs: 50 });
    await hosts.run('vps', { argv: ['true'] }, reads, newCall());
    await until('the connection to end', () => /Received disconnect|Disconnected from/.test(server.log()));
    await hosts.run('vps', { argv: ['true'] }, reads, newCall());
    expect(server.accepted()).toBe(2);
  });

  it('that is idle does not keep the process from ending', () => {
    const script = join(sshd.folder, 'idle.ts');
    const at = (path: string) => JSON.stringify(join(repository, path));
    writeFileSync(
      script,
      `import { createRemoteHosts } from ${at('src/providers/hostinger/ssh/index.ts')};
       import { createGuard } from ${at('src/resilience/guard.ts')};
       const settings = ${JSON.stringify(settingsFor(sshd))};
       const hosts = createRemoteHosts({ hosts: [{ name: 'vps', sessions: 2, settings: async () => settings }], guard: createGuard() });
       const call = { signal: new AbortController().signal, deadlineAt: Date.now() + 10_000 };
       const { stdout } = await hosts.run('vps', { argv: ['echo', 'done'] }, { timeoutMs: 5_000, maxBytes: 100, readOnly: true }, call);
       process.stderr.write(stdout);`,
    );
    // Its idle connection would be dropped after a minute only.
    const { status, stderr } = spawnSync(process.execPath, [script], { timeout: 20_000, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: 'done\n' });
  });

  it('is ended by close, after which nothing is connected to', async () => {
    const hosts = hostsFor(settingsFor(sshd));
    await hosts.probe('vps', newCall());
    await hosts.close();
    expect(await failure(hosts.probe('vps', newCall()))).toMatchObject({ code: 'cancelled' });
  });
});
