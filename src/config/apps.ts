import { placeProblems } from './app-places.ts';
import type { ServerSettings } from './hostinger.ts';
import { type ConfigProblem, didYouMean } from './problem.ts';
import type { ZiggieYaml } from './schema.ts';

type AppYaml = ZiggieYaml['apps'][number];
type AwsTargetYaml = NonNullable<AppYaml['targets']['aws']>;
/** A target with the place that the rest of the configuration gives it. */
type Placed<T> = T extends AwsTargetYaml ? T & { account: string; region: string } : never;

export interface AppSettings extends Omit<AppYaml, 'targets' | 'source'> {
  readonly source:
    | { readonly kind: 'folder'; readonly path: string }
    | { readonly kind: 'tarball'; readonly path: string }
    | { readonly kind: 's3'; readonly bucket: string; readonly key: string; readonly account: string; readonly region: string };
  readonly targets: {
    readonly aws?: Placed<AwsTargetYaml>;
    readonly hostinger?: { readonly kind: 'ssh'; readonly server: string; readonly folder: string; readonly service?: string };
  };
}

export interface AppSurroundings {
  readonly yamlFile: string;
  readonly servers: readonly ServerSettings[];
  readonly accounts: readonly { readonly name: string; readonly regions: readonly string[] }[];
  readonly teams: readonly string[];
}

/** Applications with everything that they leave out, and what of them names nothing that there is. */
export function appSettings(apps: readonly AppYaml[], around: AppSurroundings): { apps: AppSettings[]; problems: ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const complain = (app: string, what: string, name: string, known: readonly string[]) => {
    if (known.includes(name)) return;
    const suggestion = didYouMean(name, known) ?? `there are: ${known.join(', ') || 'none'}`;
    problems.push({ file: around.yamlFile, message: `app ${app}: ${what} "${name}" is unknown`, suggestion });
  };
  const place = (app: string, { account, region }: { account?: string | undefined; region?: string | undefined }) => {
    const named = account ?? around.accounts[0]?.name ?? 'main';
    complain(
      app,
      'account',
      named,
      around.accounts.map(({ name }) => name),
    );
    const regions = around.accounts.find(({ name }) => name === named)?.regions ?? [];
    const chosen = region ?? regions[0] ?? '';
    if (regions.length > 0) complain(app, 'region', chosen, regions);
    return { account: named, region: chosen };
  };
  for (const [index, { name }] of apps.entries()) {
    if (apps.findIndex((app) => app.name === name) !== index)
      problems.push({ file: around.yamlFile, message: `app "${name}" stands twice` });
  }
  const placed: AppSettings[] = apps.map(({ targets: { aws, hostinger }, source, ...app }) => {
    complain(app.name, 'team', app.team, around.teams);
    if (hostinger)
      complain(
        app.name,
        'server',
        hostinger.server,
        around.servers.map(({ name }) => name),
      );
    if (aws?.kind === 'static-site' && Object.keys(app.environment).length > 0) {
      problems.push({ file: around.yamlFile, message: `app ${app.name}: a static site has no environment: everybody may read it` });
    }
    problems.push(
      ...healthProblems(app, [hostinger ? 'ssh' : undefined, aws?.kind]).map((message) => ({ file: around.yamlFile, message })),
    );
    const path = 'folder' in source ? source.folder : 'tarball' in source ? source.tarball : source.key;
    if (!path.includes('{version}')) {
      problems.push({ file: around.yamlFile, message: `app ${app.name}: its source does not say where {version} goes` });
    }
    return {
      ...app,
      source: sourceOf(source, (where) => place(app.name, where)),
      targets: {
        // The parts of a union, put together again.
        ...(aws ? { aws: { ...aws, ...place(app.name, aws) } as Placed<AwsTargetYaml> } : {}),
        ...(hostinger ? { hostinger: { kind: 'ssh' as const, ...hostinger } } : {}),
      },
    };
  });
  problems.push(...placeProblems(placed).map((message) => ({ file: around.yamlFile, message })));
  return { problems, apps: placed };
}

/** What stands for a command where there is no machine: an object that must be there, a payload that must be answered. */
const insteadOfCommands: Readonly<Record<string, string>> = { 'static-site': 'exists', lambda: 'invoke' };

/** A static site is its own proof, read back from the bucket. */
function healthProblems({ name, health }: Pick<AppYaml, 'name' | 'health'>, kinds: readonly (string | undefined)[]): string[] {
  const needsProof = kinds.some((kind) => kind !== undefined && kind !== 'static-site');
  const [program, ...rest] = health.command ?? [];
  const misfits = kinds.flatMap((kind = '') => {
    const verb = insteadOfCommands[kind];
    return verb === undefined || program === undefined || (program === verb && rest.length === 1) ? [] : [{ kind, verb }];
  });
  return [
    ...(needsProof && !health.url && !health.command ? [`app ${name}: health needs a url or a command: a deployment is checked`] : []),
    ...misfits.map(
      ({ kind, verb }) => `app ${name}: a ${kind} has no machine to run health.command on: give a url, or [${verb}, …] as the command`,
    ),
  ];
}

function sourceOf(
  source: AppYaml['source'],
  place: (where: { account?: string | undefined; region?: string | undefined }) => { account: string; region: string },
): AppSettings['source'] {
  if ('folder' in source) return { kind: 'folder', path: source.folder };
  if ('tarball' in source) return { kind: 'tarball', path: source.tarball };
  return { kind: 's3', bucket: source.bucket, key: source.key, ...place(source) };
}
