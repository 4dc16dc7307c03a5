import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, type BuildResult, build, type Plugin } from 'esbuild';
import { registryHash } from './src/policy/schema.ts';
import { catalogue } from './src/tools/catalogue.ts';
import { operations } from './src/tools/index.ts';

/** Builds dist/cli.js: one small entry, and chunks that load when they are needed (each AWS client is one). */

const root = dirname(fileURLToPath(import.meta.url));

/** What the registry says at build time, in the place of the module that works it out. */
const prebuiltCatalogue: Plugin = {
  name: 'prebuilt-catalogue',
  setup({ onLoad }) {
    const value = { ...catalogue, registryHash: registryHash(operations) };
    onLoad({ filter: /src[\\/]tools[\\/]catalogue\.ts$/ }, () => ({
      // A string that is parsed as JSON starts faster than the same thing as code.
      contents: `export const catalogue = JSON.parse(${JSON.stringify(JSON.stringify(value))});`,
      loader: 'js',
    }));
  },
};

/** zod carries its messages in fifty languages; ours are English. */
const englishOnly: Plugin = {
  name: 'english-only',
  setup({ onLoad }) {
    onLoad({ filter: /zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
      loader: 'js',
    }));
  },
};

/**
 * Importing `node:crypto` as an ES module reads every one of its exports, and some of them load the whole of Web Crypto.
 * As a CommonJS module its exports are read when they are used.
 */
const lazyCrypto: Plugin = {
  name: 'lazy-crypto',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?crypto$/ }, () => ({ path: 'crypto', namespace: 'lazy-builtin' }));
    onLoad({ filter: /.*/, namespace: 'lazy-builtin' }, () => ({
      contents: "module.exports = process.getBuiltinModule('node:crypto');",
      loader: 'js',
    }));
  },
};

/** ssh2 tries two addons that are not installed here, and does without them. */
const noAddons: Plugin = {
  name: 'no-addons',
  setup({ onResolve }) {
    onResolve({ filter: /\.node$|^cpu-features$/ }, ({ path }) => ({ path, external: true }));
  },
};

/** @param options entry points and output folder; bench/ bundles its programs the same way, so that they load alike */
export function bundle(options: BuildOptions): Promise<BuildResult> {
  return build({
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    // Names stay readable in a stack trace.
    minifyWhitespace: true,
    minifySyntax: true,
    chunkNames: 'chunks/[name]-[hash]',
    // What ssh2's checksum in WebAssembly asks for, and does not use.
    define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
    // WebAssembly is read from beside its own loader.
    external: ['@cedar-policy/cedar-wasm'],
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
    logLevel: 'warning',
    plugins: [prebuiltCatalogue, englishOnly, lazyCrypto, noAddons],
    ...options,
  });
}

if (import.meta.main) {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  await bundle({ entryPoints: [join(root, 'src', 'cli.ts')], outdir: join(root, 'dist') });
}
