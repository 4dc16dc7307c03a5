import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { root } from './processes.ts';

/**
 * Bundles a program of this folder with the settings of build.mjs, so that it loads the way our own command does.
 * @returns the bundled file
 */
export async function bundle(file: string, outdir: string): Promise<string> {
  await build({
    entryPoints: [join(root, 'bench', file)],
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    minifyWhitespace: true,
    minifySyntax: true,
    external: ['@cedar-policy/cedar-wasm'],
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
    logLevel: 'warning',
  });
  return join(outdir, basename(file).replace(/\.ts$/, '.mjs'));
}
