import { createHash } from 'node:crypto';
import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import { CallError } from '../../../call/errors.ts';
import type { Artifact, DeployedApp, DriverScope, LambdaTargetSpec } from '../../../ports/deploy.ts';
import { scopeOf } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { answered, clean } from '../errors.ts';
import { pauseFor } from './wait.ts';
import { zipOf } from './zip.ts';

export type LambdaApp = DeployedApp<LambdaTargetSpec>;

/** Published version of a function that a deployment made. */
export interface PublishedVersion {
  /** Lambda's number. */
  readonly number: string;
  readonly version: string;
  readonly digest: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Tells the function which version it is, and makes each version another: Lambda publishes nothing when nothing changed. */
const versionVariable = 'ZIGGIE_VERSION';
/** Tells the next deployment which of the variables this one brought, so that what ziggie.yaml no longer has goes. */
const namesVariable = 'ZIGGIE_VARIABLES';
/** All variables together, as JSON (Lambda Developer Guide, "Lambda quotas"). */
const mostEnvironmentBytes = 4_096;
/** Lambda takes seconds to put new code into place; minutes with a network of its own. */
const longestWaitMs = 300_000;

const describe = (version: string, digest: string) => `ziggie ${version} ${digest.slice(0, 12)}`;

/** Newest first. */
export async function publishedVersions(context: AwsContext, { target }: LambdaApp, call: DriverScope): Promise<PublishedVersion[]> {
  const scope = scopeOf(context.accounts, target);
  const found: PublishedVersion[] = [];
  let Marker: string | undefined;
  do {
    const input = { FunctionName: target.function, Marker };
    const page = await context.sender.ask('lambda', scope, call, (sdk) => new sdk.ListVersionsByFunctionCommand(input));
    for (const { Version = '', Description = '', Environment } of page.Versions ?? []) {
      const [, version, digest] = /^ziggie (\S+) ([0-9a-f]{12})$/.exec(Description) ?? [];
      if (!version || !digest || Version === '$LATEST') continue;
      found.push({ number: Version, version, digest, environment: Environment?.Variables ?? {} });
    }
    Marker = page.NextMarker || undefined;
  } while (Marker !== undefined);
  return found.sort((a, b) => Number(b.number) - Number(a.number));
}

/** The function as it is now, to be changed. @throws CallError `provider_not_found` */
export async function functionNow(context: AwsContext, { name, target }: LambdaApp, call: DriverScope): Promise<FunctionConfiguration> {
  const scope = scopeOf(context.accounts, target);
  const input = { FunctionName: target.function };
  try {
    const found = await context.sender.ask('lambda', scope, call, (sdk) => new sdk.GetFunctionConfigurationCommand(input));
    answered(found.FunctionArn, 'GetFunctionConfiguration');
    return found;
  } catch (error) {
    if (!(error instanceof CallError) || error.code !== 'provider_not_found') throw error;
    throw new CallError('provider_not_found', `There is no function ${target.function} in ${target.region} for ${name}.`, {
      ...error.details,
      remedy: 'Have it made first (name, role, runtime and handler): a deployment brings code only. functions_list shows what there is.',
      cause: error,
    });
  }
}

/**
 * Publishes the artifact with this environment as a version of the function, unless it is one already. What the function has of
 * other variables stays. Aliases are not touched.
 */
export async function publish(
  context: AwsContext,
  app: LambdaApp,
  artifact: Artifact,
  own: Readonly<Record<string, string>>,
  call: DriverScope,
): Promise<void> {
  const { sender } = context;
  const { target } = app;
  const FunctionName = target.function;
  const scope = scopeOf(context.accounts, target);
  const Description = describe(artifact.version, artifact.digest);
  let now = await functionNow(context, app, call);
  const environment = nextEnvironment(now.Environment?.Variables ?? {}, own, artifact.version);
  checkEnvironment(app, environment);
  const same = (await publishedVersions(context, app, call)).find((each) => describe(each.version, each.digest) === Description);
  if (same && isSame(same.environment, environment)) return;

  const settled = async () => {
    now = await settledFunction(context, app, call);
    return now.RevisionId;
  };
  const ZipFile = await zipOf(artifact);
  let RevisionId = await settled();
  if (now.CodeSha256 !== createHash('sha256').update(ZipFile).digest('base64')) {
    call.progress(1, 3, `${FunctionName}: ${Math.ceil(ZipFile.length / 1024)} KB of code are sent`);
    // Megabytes, in one request.
    const patient = { ...call, silenceMs: 120_000 };
    const code = { FunctionName, ZipFile, Publish: false, RevisionId };
    await sender.change('lambda', scope, 'natural', patient, (sdk) => new sdk.UpdateFunctionCodeCommand(code));
    RevisionId = await settled();
  }
  call.progress(2, 3, `${FunctionName}: environment`);
  const configuration = { FunctionName, Environment: { Variables: environment }, RevisionId };
  await sender
    .change('lambda', scope, 'natural', call, (sdk) => new sdk.UpdateFunctionConfigurationCommand(configuration))
    .catch(withoutValues);
  RevisionId = await settled();
  call.progress(3, 3, `${FunctionName}: version is published`);
  const version = { FunctionName, Description, RevisionId, CodeSha256: now.CodeSha256 };
  const published = await sender.change('lambda', scope, 'natural', call, (sdk) => new sdk.PublishVersionCommand(version));
  answered(published.Version, 'PublishVersion', 'unknown');
}

/** Others' variables stay. What the deployment before brought goes, unless it is brought again. */
function nextEnvironment(
  now: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string>>,
  version: string,
): Record<string, string> {
  const earlier = (now[namesVariable] ?? '').split(',');
  const others = Object.entries(now).filter(([name]) => name !== namesVariable && !earlier.includes(name));
  const names = Object.keys(own).sort().join(',');
  return { ...Object.fromEntries(others), ...own, ...(names ? { [namesVariable]: names } : {}), [versionVariable]: version };
}

/** Waits until what was changed last is in place. */
async function settledFunction(context: AwsContext, app: LambdaApp, call: DriverScope): Promise<FunctionConfiguration> {
  for (const until = Date.now() + longestWaitMs; ; await pauseFor(context.pollMs, call)) {
    const now = await functionNow(context, app, call);
    if (now.LastUpdateStatus === 'Failed') throw updateFailed(app, now);
    if (now.LastUpdateStatus !== 'InProgress' && now.State !== 'Pending') return now;
    if (Date.now() < until) continue;
    throw new CallError('timeout', `Lambda is still changing ${app.target.function}.`, {
      remedy: 'functions_get shows its state. Deploy the same version again once it is Active: it goes on from there.',
      retryable: true,
    });
  }
}

function updateFailed({ target }: LambdaApp, { LastUpdateStatusReasonCode: code, LastUpdateStatusReason = '' }: FunctionConfiguration) {
  const reason: string = code ?? 'Unknown';
  return new CallError('provider_rejected', `Lambda could not put the change of ${target.function} into place: ${reason}.`, {
    remedy: 'Correct what Lambda names (role, network, key, code), then deploy again. The alias was not touched.',
    provider: { code: reason, message: clean(LastUpdateStatusReason) },
  });
}

function checkEnvironment({ name }: LambdaApp, environment: Readonly<Record<string, string>>): void {
  const bytes = Buffer.byteLength(JSON.stringify(environment));
  if (bytes <= mostEnvironmentBytes) return;
  // Said here, because Lambda would quote all of it.
  throw new CallError('provider_rejected', `The environment of ${name} has ${bytes} bytes; Lambda takes ${mostEnvironmentBytes}.`, {
    remedy: 'Give the function the names of secrets or a file in its artifact instead of long values.',
    provider: { code: 'EnvironmentTooLarge' },
  });
}

/** Lambda quotes variables that it does not accept. */
function withoutValues(error: unknown): never {
  if (!(error instanceof CallError) || !error.details.provider) throw error;
  const { message: _, ...provider } = error.details.provider;
  throw new CallError(error.code, error.message, { ...error.details, provider });
}

function isSame(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
