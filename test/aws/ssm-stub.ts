import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';

/**
 * Systems Manager's Run Command, as far as the tests need it. It is a stub of our own because moto's takes a command, runs nothing and
 * calls it a success. This one really runs the script, by `sh`, once for each instance: in a folder of its own that stands for the
 * instance's disk (the application's folder is put below it), with a `systemctl` and a `df` of the tests' own in front of the real ones:
 * a file `full` on the disk says how many KiB are free.
 */
export interface SsmStub {
  readonly endpoint: string;
  /** What was sent, in order: instances and script. */
  readonly commands: { readonly instances: readonly string[]; readonly script: string; readonly comment: string }[];
  /** Puts an instance under management. */
  manage(id: string): Instance;
  /** Done before a command runs. */
  beforeCommand?: () => Promise<void>;
  /** The next command is taken, and its answer never arrives. */
  loseNextAnswer(): void;
  close(): Promise<void>;
}

export interface Instance {
  /** Its disk. */
  readonly disk: string;
  /** `lost`: does not get commands; `slow`: does not end them; `full`: has no free disk. */
  trouble?: 'lost' | 'slow' | 'full' | undefined;
  isOnline: boolean;
  /** What was asked of systemctl. */
  log(): string[];
}

const systemctl = `#!/bin/sh
echo "$*" >> "$DISK/systemctl.log"
case "$1" in
  cat) test -e "$DISK/units/$2" ;;
  restart) if grep -q broken "$APP/current/app.sh"; then echo "$2 failed to start" >&2; exit 1; fi; cp "$APP/current/app.sh" "$DISK/running" ;;
  stop) rm -f "$DISK/running" ;;
  is-active) test -e "$DISK/running" && ! grep -q sick "$DISK/running" || { echo "not active" >&2; exit 3; } ;;
  *) exit 9 ;;
esac
`;
const df = `#!/bin/sh
if [ -e "$DISK/full" ]; then printf 'h\\n/dev/x 100 100 %s 100%% /\\n' "$(cat "$DISK/full")"; else exec /bin/df "$@"; fi
`;

type Invocation = { InstanceId: string; Status: string; StatusDetails: string; CommandPlugins: object[] };

/** @param root where the disks are @param folder of the application, as the scripts say it */
export async function startSsmStub(root: string, folder: string): Promise<SsmStub> {
  const instances = new Map<string, Instance>();
  const commands: SsmStub['commands'] = [];
  const invocations = new Map<string, { asked: number; rows: Map<string, Invocation> }>();

  const runScript = (instance: Instance, script: string): Promise<{ code: number; out: string; err: string }> => {
    const app = join(instance.disk, folder);
    const environment = { PATH: `${instance.disk}/bin:${process.env.PATH}`, DISK: instance.disk, APP: app, HOME: instance.disk };
    const child = spawn('sh', ['-c', script.replaceAll(folder, app)], { cwd: instance.disk, env: environment });
    let out = '';
    let err = '';
    child.stdout.on('data', (part) => {
      out += part;
    });
    child.stderr.on('data', (part) => {
      err += part;
    });
    return new Promise((resolve) => child.on('close', (code) => resolve({ code: code ?? -1, out, err })));
  };

  const answers: Record<string, (input: Record<string, unknown>) => object> = {
    SendCommand: ({ InstanceIds, Parameters, Comment }) => {
      const ids = InstanceIds as string[];
      const script = ((Parameters as { commands: string[] }).commands ?? []).join('\n');
      if (ids.some((id) => !instances.has(id))) return { error: 'InvalidInstanceId' };
      commands.push({ instances: ids, script, comment: String(Comment) });
      const id = `c-${commands.length}`;
      const rows = new Map<string, Invocation>();
      invocations.set(id, { asked: 0, rows });
      for (const each of ids) {
        const instance = instances.get(each);
        if (!instance) continue;
        const end = (Status: string, StatusDetails: string, plugin: object) =>
          rows.set(each, { InstanceId: each, Status, StatusDetails, CommandPlugins: [plugin] });
        end('Pending', 'Pending', {});
        if (instance.trouble === 'lost') end('Failed', 'Undeliverable', { ResponseCode: -1, Output: '' });
        else if (instance.trouble === 'slow') end('TimedOut', 'ExecutionTimedOut', { ResponseCode: -1, Output: '' });
        else {
          void runScript(instance, script).then(({ code, out, err }) => {
            const Output = err ? `${out}\n----------ERROR-------\n${err}` : out;
            end(code === 0 ? 'Success' : 'Failed', code === 0 ? 'Success' : 'Failed', { ResponseCode: code, Output });
          });
        }
      }
      return { Command: { CommandId: id, Status: 'Pending' } };
    },
    ListCommandInvocations: ({ CommandId }) => {
      const command = invocations.get(String(CommandId));
      if (!command) return { error: 'InvalidCommandId' };
      command.asked += 1;
      // A new command is not known everywhere at once.
      return { CommandInvocations: command.asked === 1 ? [] : [...command.rows.values()] };
    },
    DescribeInstanceInformation: ({ Filters }) => {
      const [wanted] = Filters as { Values: string[] }[];
      return {
        InstanceInformationList: [...instances]
          .filter(([id]) => wanted?.Values.includes(id))
          .map(([InstanceId, { isOnline }]) => ({ InstanceId, PingStatus: isOnline ? 'Online' : 'ConnectionLost' })),
      };
    },
  };

  let isLost = false;
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const part of request) body += part;
    const action = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    if (action === 'SendCommand') await stub.beforeCommand?.();
    const answer = answers[action]?.(JSON.parse(body)) ?? { error: 'UnknownOperationException' };
    if (isLost && action === 'SendCommand') {
      isLost = false;
      return void request.socket.resetAndDestroy();
    }
    const isError = 'error' in answer;
    response.writeHead(isError ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': `req-${action}` });
    response.end(JSON.stringify(isError ? { __type: answer.error, message: 'as the service says' } : answer));
  };
  const server = createServer((request, response) => void handle(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const stub: SsmStub = {
    endpoint: `http://127.0.0.1:${address.port}`,
    commands,
    manage(id) {
      const disk = join(root, id);
      for (const each of ['bin', 'units']) mkdirSync(join(disk, each), { recursive: true });
      for (const [name, text] of Object.entries({ systemctl, df })) {
        writeFileSync(join(disk, 'bin', name), text);
        chmodSync(join(disk, 'bin', name), 0o755);
      }
      writeFileSync(join(disk, 'units', 'ziggie-backend'), '');
      const log = () =>
        existsSync(join(disk, 'systemctl.log')) ? readFileSync(join(disk, 'systemctl.log'), 'utf8').trim().split('\n') : [];
      const instance: Instance = { disk, isOnline: true, log };
      instances.set(id, instance);
      return instance;
    },
    loseNextAnswer: () => {
      isLost = true;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return stub;
}
