import packageJson from '../package.json' with { type: 'json' };

/** Version of the package; the build inlines it. */
export const version: string = packageJson.version;
