/**
 * A function behind an alias. Every release is a published version, which Lambda never changes, with its environment; to switch is to move
 * the alias. Invariant: the alias is moved only from where it was seen, and versions that an alias names are never deleted.
 */
import { isDeepStrictEqual } from 'node:util';
import type { AliasConfiguration } from '@aws-sdk/client-lambda';
import { CallError } from '../../../call/errors.ts';
import type { DeployDriver, DriverScope, LambdaTargetSpec } from '../../../ports/deploy.ts';
import { scopeOf } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { clean as cleanWords } from '../errors.ts';
import { functionNow, type LambdaApp, publish, publishedVersions } from './lambda-versions.ts';
import { checkVersion, noRelease } from './release.ts';
import { pauseFor } from './wait.ts';
import { mostUnzippedBytes } from './zip.ts';

/** Says in an alias which version it named before the first release, to go back there. */
const earlierMark = /^before ziggie: (\d+|\$LATEST)$/;

export function createLambdaDriver(context: AwsContext): DeployDriver<LambdaTargetSpec> {
  return {
    async inspect(app, call) {
      const [published, alias] = await Promise.all([publishedVersions(context, app, call), aliasNow(context, app, call)]);
      const serving = published.find(({ number }) => number === alias?.FunctionVersion)?.version;
      return { ...(serving === undefined ? {} : { serving }), kept: [...new Set(published.map(({ version }) => version))] };
    },
    async preflight(app, artifact, call) {
      if (app.health.command) eventOf(app.health.command);
      if (artifact.totalBytes > mostUnzippedBytes) {
        throw new CallError(
          'provider_rejected',
          `${artifact.version} has ${artifact.totalBytes} bytes; Lambda takes ${mostUnzippedBytes} unzipped.`,
          {
            remedy: 'Leave out what the function does not need, or deploy it as a container image.',
            provider: { code: 'CodeTooLarge' },
          },
        );
      }
      const { PackageType, Runtime } = await functionNow(context, app, call);
      if (PackageType === 'Image') {
        throw new CallError('provider_rejected', `${app.target.function} is a container image: it takes no files.`, {
          remedy: 'Name a function with a zip archive in ziggie.yaml.',
          provider: { code: 'ImageFunction' },
        });
      }
      const alias = await aliasNow(context, app, call);
      const { function: name, alias: aliasName } = app.target;
      return [
        `function ${name} (${Runtime ?? 'no runtime'}) is there`,
        alias ? `alias ${aliasName} names version ${alias.FunctionVersion}` : `alias ${aliasName} will be made`,
      ];
    },
    async upload(app, artifact, environment, call) {
      checkVersion(artifact.version);
      await publish(context, app, artifact, environment, call);
    },
    activate: (app, version, healthy, call) => activate(context, app, version, healthy, call),
    check: async (app, command, call) => check(context, app, eventOf(command), call),
    deactivate: (app, call) => deactivate(context, app, call),
    clean: (app, keep, call) => clean(context, app, keep, call),
    steps: ({ target: { function: name, alias, shift } }) => [
      `send the code and environment to ${name} and publish them as a version`,
      ...(shift ? [`give the new version ${shift.percent} % of the calls of ${alias} for ${shift.seconds} s, asking for its health`] : []),
      `move the alias ${alias}`,
      'delete published versions that are no longer kept',
    ],
    cost: () => 'nothing for the deployment itself; the code of the kept versions counts against the 75 GB of the region',
  };
}

async function activate(
  context: AwsContext,
  app: LambdaApp,
  version: string,
  healthy: (version: string) => Promise<void>,
  call: DriverScope,
): Promise<void> {
  const { shift, function: FunctionName, alias: Name } = app.target;
  const scope = scopeOf(context.accounts, app.target);
  const published = await publishedVersions(context, app, call);
  const number = published.find((each) => each.version === version)?.number;
  if (number === undefined) throw noRelease(app.name, version);
  const alias = await aliasNow(context, app, call);
  if (!alias) {
    const made = { FunctionName, Name, FunctionVersion: number };
    await context.sender
      .change('lambda', scope, 'natural', call, (sdk) => new sdk.CreateAliasCommand(made))
      .catch((error: unknown) => unlessThere(context, app, { number, weights: {} }, error, call));
    return;
  }
  const before = alias.FunctionVersion ?? '';
  const isForeign = !published.some((each) => each.number === before);
  const description = isForeign ? { Description: `before ziggie: ${before}` } : {};
  let revision = alias.RevisionId;
  // Back to something older is a way out of trouble: nobody waits for it.
  if (shift && Number(number) > Number(before)) {
    const weights = { [number]: shift.percent / 100 };
    revision = await moveAlias(context, app, { number: before, weights, revision, ...description }, call);
    const until = Date.now() + shift.seconds * 1_000;
    do {
      call.progress(0, undefined, `${shift.percent} % of the calls go to ${version} (${Math.ceil((until - Date.now()) / 1_000)} s more)`);
      await healthy(version);
      await pauseFor(Math.min(until - Date.now(), app.health.everySeconds * 1_000), call);
    } while (Date.now() < until);
  }
  await moveAlias(context, app, { number, weights: {}, revision, ...description }, call);
}

interface AliasPlace {
  readonly number: string;
  readonly weights: Readonly<Record<string, number>>;
}

/** A change whose answer was lost is sent again, and refused because of itself. @returns the alias, where it is as it should be by now */
async function unlessThere(
  context: AwsContext,
  app: LambdaApp,
  { number, weights }: AliasPlace,
  error: unknown,
  call: DriverScope,
): Promise<AliasConfiguration> {
  const code = error instanceof CallError ? error.details.provider?.code : undefined;
  if (code !== 'PreconditionFailedException' && code !== 'ResourceConflictException') throw error;
  const alias = await aliasNow(context, app, call);
  const actual = alias?.RoutingConfig?.AdditionalVersionWeights ?? {};
  if (alias?.FunctionVersion === number && isDeepStrictEqual({ ...actual }, weights)) return alias;
  throw error;
}

async function moveAlias(
  context: AwsContext,
  app: LambdaApp,
  to: AliasPlace & { readonly revision: string | undefined; readonly Description?: string },
  call: DriverScope,
): Promise<string | undefined> {
  const { target } = app;
  const scope = scopeOf(context.accounts, target);
  const input = {
    FunctionName: target.function,
    Name: target.alias,
    FunctionVersion: to.number,
    RoutingConfig: { AdditionalVersionWeights: { ...to.weights } },
    RevisionId: to.revision,
    ...(to.Description === undefined ? {} : { Description: to.Description }),
  };
  const moved = await context.sender
    .change('lambda', scope, 'natural', call, (sdk) => new sdk.UpdateAliasCommand(input))
    .catch((error: unknown) => unlessThere(context, app, to, error, call));
  return moved.RevisionId;
}

async function aliasNow(
  { accounts, sender }: AwsContext,
  { target }: LambdaApp,
  call: DriverScope,
): Promise<AliasConfiguration | undefined> {
  const scope = scopeOf(accounts, target);
  const aliases = await aliasesOf({ accounts, sender }, target, scope, call);
  return aliases.find(({ Name }) => Name === target.alias);
}

async function aliasesOf(
  { sender }: Pick<AwsContext, 'accounts' | 'sender'>,
  { function: FunctionName }: LambdaTargetSpec,
  scope: ReturnType<typeof scopeOf>,
  call: DriverScope,
): Promise<AliasConfiguration[]> {
  const found: AliasConfiguration[] = [];
  let Marker: string | undefined;
  do {
    const page = await sender.ask('lambda', scope, call, (sdk) => new sdk.ListAliasesCommand({ FunctionName, Marker }));
    found.push(...(page.Aliases ?? []));
    Marker = page.NextMarker || undefined;
  } while (Marker !== undefined);
  return found;
}

/** Invokes the version that is tried, or else the one that serves. */
async function check(context: AwsContext, app: LambdaApp, event: string, call: DriverScope): Promise<string | undefined> {
  const alias = await aliasNow(context, app, call);
  if (!alias) return `${app.target.function} has no alias ${app.target.alias}`;
  const [tried] = Object.keys(alias.RoutingConfig?.AdditionalVersionWeights ?? {});
  const input = { FunctionName: app.target.function, Qualifier: tried ?? alias.FunctionVersion, Payload: Buffer.from(event) };
  const scope = scopeOf(context.accounts, app.target);
  const patient = { ...call, silenceMs: app.health.withinSeconds * 1_000 };
  const reply = await context.sender.change('lambda', scope, 'never', patient, (sdk) => new sdk.InvokeCommand(input));
  const said = cleanWords(Buffer.from(reply.Payload ?? []).toString('utf8')).slice(0, 500);
  return reply.FunctionError ? `${app.target.function}:${input.Qualifier} ended with an error: ${said}` : undefined;
}

async function deactivate(context: AwsContext, app: LambdaApp, call: DriverScope): Promise<void> {
  const alias = await aliasNow(context, app, call);
  if (!alias) return;
  const [, earlier] = earlierMark.exec(alias.Description ?? '') ?? [];
  if (earlier !== undefined) {
    await moveAlias(context, app, { number: earlier, weights: {}, revision: alias.RevisionId, Description: '' }, call);
    return;
  }
  const input = { FunctionName: app.target.function, Name: app.target.alias };
  const scope = scopeOf(context.accounts, app.target);
  await context.sender.change('lambda', scope, 'natural', call, (sdk) => new sdk.DeleteAliasCommand(input));
}

async function clean(context: AwsContext, app: LambdaApp, keep: readonly string[], call: DriverScope): Promise<void> {
  const scope = scopeOf(context.accounts, app.target);
  const [published, aliases] = await Promise.all([publishedVersions(context, app, call), aliasesOf(context, app.target, scope, call)]);
  const named = new Set(
    aliases.flatMap(({ FunctionVersion, RoutingConfig }) => [
      FunctionVersion,
      ...Object.keys(RoutingConfig?.AdditionalVersionWeights ?? {}),
    ]),
  );
  // Of a version that was published twice only the newest can be switched to.
  const newest = new Map([...published].reverse().map(({ version, number }) => [version, number]));
  for (const { version, number } of published) {
    if (named.has(number) || (keep.includes(version) && newest.get(version) === number)) continue;
    // Without its number Lambda would delete the whole function.
    const input = { FunctionName: app.target.function, Qualifier: number };
    await context.sender.change('lambda', scope, 'natural', call, (sdk) => new sdk.DeleteFunctionCommand(input));
  }
}

/** A function runs no commands: its command is an event that it has to answer without an error. */
function eventOf([verb, event = '{}', ...rest]: readonly string[]): string {
  if (verb === 'invoke' && rest.length === 0 && isJson(event)) return event;
  throw new CallError('invalid_input', 'A function runs no commands.', {
    remedy:
      'Give `health.url` of the application in ziggie.yaml, or the command [invoke, \'{"ping":true}\'], which invokes it with that event.',
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
