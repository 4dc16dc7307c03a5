#!/usr/bin/env node
/** Entry of the command. It imports nothing statically, so that a Node too old to parse the rest still says so in words. */
const oldest = [24, 15] as const;
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
  process.stderr.write(
    `ziggie-cloud needs Node ${oldest.join('.')} or newer; this is ${process.versions.node}. Install it from https://nodejs.org.\n`,
  );
  process.exitCode = 5;
} else {
  const [{ enableCompileCache }, { homedir }] = await Promise.all([import('node:module'), import('node:os')]);
  // Compiling what an IDE starts again and again is a third of the start. In the user's own folder: who can write to
  // the cache can run code here.
  enableCompileCache(`${homedir()}/.cache/ziggie-cloud`);
  const { main } = await import('./cli/main.ts');
  await main(process.argv.slice(2));
}

export {};
