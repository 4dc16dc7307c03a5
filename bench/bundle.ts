import { basename, join } from 'node:path';
import { bundle as build } from '../build.ts';
import { root } from './processes.ts';

/**
 * Bundles a program of this folder with the settings of the build, so that it loads the way our own command does.
 * @returns the bundled file
 */
export async function bundle(file: string, outdir: string): Promise<string> {
  await build({ entryPoints: [join(root, 'bench', file)], outdir, outExtension: { '.js': '.mjs' } });
  return join(outdir, basename(file).replace(/\.ts$/, '.mjs'));
}
