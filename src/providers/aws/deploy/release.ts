import * as z from 'zod';
import { CallError } from '../../../call/errors.ts';
import type { ListedObject } from './bucket.ts';

/** The rule of `src/deploy/version.ts`. Begins with a letter or digit: names of ours beside versions begin with an underscore. */
const versionPattern = /^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/;

/** Checked before a version becomes part of a key, a description or a command. @throws CallError `invalid_input` */
export function checkVersion(version: string): string {
  if (versionPattern.test(version)) return version;
  throw new CallError(
    'invalid_input',
    'That is no version: it takes letters, digits and . _ + - (at most 64, the first a letter or digit, no two dots in a row).',
    {
      remedy: 'Use the name under which the build stored the artifact, such as v1.4.2.',
    },
  );
}

/** What the store keeps of a version; written when all of it is there, so that it says that the release is whole. */
const manifestSchema = z.strictObject({
  version: z.string(),
  digest: z.string(),
  files: z.array(z.strictObject({ path: z.string(), sha256: z.string() })),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** @throws CallError `provider_conflict` for what is none of ours */
export function manifestOf(stored: unknown, key: string): Manifest {
  const { success, data } = manifestSchema.safeParse(stored);
  if (success) return data;
  throw new CallError('provider_conflict', `${key} is not what a deployment wrote.`, {
    remedy: 'Somebody changed it. Deploy the version again: that writes it anew.',
  });
}

export function noRelease(app: string, version: string): CallError {
  return new CallError('provider_not_found', `There is no release ${version} of ${app} to switch to.`, {
    remedy: 'deploy_status and deploy_plan show the versions that are kept; deploy this one to bring it there.',
    provider: { code: 'NoSuchRelease' },
  });
}

/** Versions by the keys of their manifests (`v1.json`), newest first. S3 tells time in seconds: within one the higher version comes first. */
export function versionsOf(listed: ReadonlyMap<string, ListedObject>, folder: string): string[] {
  return [...listed]
    .map(([key, { modifiedAt }]) => ({ name: key.slice(folder.length), modifiedAt }))
    .filter(({ name }) => name.endsWith('.json') && !name.startsWith('_'))
    .map(({ name, modifiedAt }) => ({ version: name.slice(0, -'.json'.length), modifiedAt }))
    .sort((a, b) => b.modifiedAt - a.modifiedAt || b.version.localeCompare(a.version, 'en', { numeric: true }))
    .map(({ version }) => version);
}
