import { describe, expect, it } from 'vitest';
import { Call } from '../../src/call/call.ts';
import type { Ports } from '../../src/call/operation.ts';
import { parseInput } from '../../src/call/parse.ts';
import { projectOutput } from '../../src/call/project.ts';
import { createRedactor } from '../../src/call/redact.ts';
import type { VpsCommand } from '../../src/ports/vps.ts';
import { vpsReadFile } from '../../src/tools/vps/read-file.ts';
import { vpsRunCommand } from '../../src/tools/vps/run-command.ts';
import { vpsService } from '../../src/tools/vps/service.ts';
import { vpsTarget } from './harness.ts';

/** What the tools declare, as steps 2 and 9 of the road read it. */

const parse = (raw: unknown, operation = vpsRunCommand) => parseInput(operation, raw);
const server = 'vps-main';
const principal = { kind: 'agent', id: 'agent-marcus', teams: [], toolsets: ['vps'] } as const;

describe('vps_run_command', () => {
  it.each([
    [{ server }, 'exactly one of command and shell'],
    [{ server, command: 'disk', shell: 'df' }, 'exactly one of command and shell'],
    [{ server, shell: 'df', params: { path: '/' } }, 'go with command'],
    [{ server, shell: 'df', references: { token: 'secret://ziggie/db' } }, 'go with command'],
    [{ server, shell: '' }, 'shell'],
    [{ server, command: 'Disk Usage' }, 'name of a command'],
    [{ server: '../vps', command: 'disk' }, 'server'],
    [{ server, command: 'disk', params: { path: 'a\u0000b' } }, 'control'],
    [{ server, shell: 'echo \u202e' }, 'bidirectional'],
    [{ server, command: 'login', references: { password: 'plain text' } }, 'a reference and nothing else'],
    [{ server, command: 'login', references: { password: 'secret://a#b and more' } }, 'a reference and nothing else'],
    [{ server, command: 'disk', params: { count: 5 } }, 'params.count'],
    [{ server, command: 'disk', sudo: true }, 'unknown key'],
  ])('refuses %j', (raw, problem) => {
    expect(() => parse(raw)).toThrow(problem);
  });

  it('takes what a shell and a pattern may need, and finds references only where they go', () => {
    expect(parse({ server, shell: 'cd /srv//x/../y && printf "a\\tb\n"' }).references).toEqual([]);
    const input = {
      server,
      command: 'login',
      params: { user: 'a\\b', note: 'secret://not/read' },
      references: { password: 'secret://ziggie/db#password' },
    };
    expect(parse(input)).toMatchObject({ input, references: [{ name: 'ziggie/db', field: 'password' }] });
  });

  it('wants a person for shell text, whatever policy permits, and only for that', () => {
    expect(vpsRunCommand.approvalOnly?.({ server, shell: 'uptime' })).toBe(true);
    expect(vpsRunCommand.approvalOnly?.({ server, command: 'uptime' })).toBe(false);
    expect(vpsRunCommand).toMatchObject({ effect: 'destructive', retry: 'never' });
  });

  it('hands on the one or the other', async () => {
    const seen: VpsCommand[] = [];
    const ports = { vps: { run: async (_: unknown, command: VpsCommand) => void seen.push(command) } } as unknown as Ports;
    const call = { ...new Call({ tool: 'x', input: {} }, 0, createRedactor()).scope(), principal, secretValue: async () => '' };
    await vpsRunCommand.run(ports, [vpsTarget()], { server, command: 'login', references: { password: 'value' } }, call);
    await vpsRunCommand.run(ports, [vpsTarget()], { server, shell: 'uptime' }, call);
    expect(seen).toEqual([
      { kind: 'named', name: 'login', params: {}, secrets: { password: 'value' } },
      { kind: 'shell', text: 'uptime' },
    ]);
  });

  it('shows output as text from outside: masked, cleaned, and all of it', () => {
    const redactor = createRedactor();
    redactor.register('example-value-1');
    const result = { exitCode: 0, stdout: `${'x'.repeat(8_000)} example-value-1 \u001b[31m`, stderr: '', cut: true };
    const { stdout } = projectOutput(vpsRunCommand, result, redactor);
    expect(stdout).toBe(`${'x'.repeat(8_000)} [redacted] [31m`);
    expect(vpsRunCommand.untrusted.map(({ path }) => path)).toEqual(['signal', 'stdout', 'stderr']);
  });

  it('masks what it streams', () => {
    const redactor = createRedactor();
    const told: string[] = [];
    const scope = new Call({ tool: 'x', input: {}, progress: (_done, _total, message) => told.push(message) }, 0, redactor).scope();
    scope.hide('example-value-1');
    scope.progress(1, undefined, 'the password is example-value-1');
    expect(told).toEqual(['the password is [redacted]']);
  });
});

describe('vps_read_file', () => {
  it.each(['var/log/syslog', '/var/log/../../etc/shadow', '/var//log/x', '/var/log/./x', '/var/log/a\\b', '/var/log/a\nb'])(
    'refuses the path %j',
    (path) => {
      expect(() => parse({ server, path }, vpsReadFile)).toThrow();
    },
  );

  it('begins at the beginning, and shows text from outside', () => {
    expect(parse({ server, path: '/var/log/syslog' }, vpsReadFile).input).toEqual({ server, path: '/var/log/syslog', offset: 0 });
    expect(() => parse({ server, path: '/var/log/syslog', offset: -1 }, vpsReadFile)).toThrow('offset');
    expect(vpsReadFile.untrusted).toEqual([{ path: 'text', limit: 16_384 }]);
  });
});

describe('vps_service', () => {
  it('looks unless told otherwise', () => {
    expect(parse({ server, service: 'ziggie-web' }, vpsService).input).toEqual({
      server,
      service: 'ziggie-web',
      action: 'status',
      journalLines: 10,
    });
    expect(vpsService.untrusted.map(({ path }) => path)).toContain('journal.*');
  });

  it.each([
    { service: '-H' },
    { service: 'ziggie-*' },
    { service: 'a b' },
    { service: 'ziggie-web', action: 'disable' },
    { service: 'ziggie-web', journalLines: 51 },
  ])('refuses %j', (input) => {
    expect(() => parse({ server, ...input }, vpsService)).toThrow();
  });
});

describe('all of them', () => {
  it('act on the server as ziggie.yaml knows it, while the API may be down', () => {
    for (const operation of [vpsRunCommand, vpsReadFile, vpsService]) {
      expect(operation.targets({ server }, principal)).toEqual([{ type: 'Instance', provider: 'hostinger', id: server, offline: true }]);
    }
  });
});
