import type { RemoteHosts } from '../../src/ports/remote-host.ts';
import { openSshDeploy, type SshPlace } from './ssh-world.ts';
import { deployCall, target } from './world-calls.ts';

/** A process of its own that deploys, and stands still just before what it would ask of the server for the given time: to be killed there. */
const [json = '', version = '', stopAt = ''] = process.argv.slice(2);
let asked = 0;
const wrap = (hosts: RemoteHosts): RemoteHosts => {
  const stand = async (what: string) => {
    asked += 1;
    if (asked !== Number(stopAt)) return;
    process.stdout.write(`standing before ${what}\n`);
    await new Promise(() => setInterval(() => {}, 1_000));
  };
  return {
    ...hosts,
    async run(server, command, options, call) {
      await stand('argv' in command ? command.argv.join(' ') : command.shell);
      return hosts.run(server, command, options, call);
    },
    async upload(server, folder, files, onProgress, call) {
      await stand(`upload to ${folder}`);
      await hosts.upload(server, folder, files.slice(0, 1), () => {}, call);
      await stand('the rest of the upload');
      await hosts.upload(server, folder, files, onProgress, call);
    },
  };
};
const { deploy, close } = openSshDeploy(JSON.parse(json) as SshPlace, { wrap });
await deploy.deploy(target, { version }, deployCall({ waitMs: 120_000, deadlineAt: Date.now() + 120_000 })).catch(() => {});
process.stdout.write('ended\n');
await close();
