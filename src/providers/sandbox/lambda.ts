import type {
  CreateAliasCommandInput,
  DeleteAliasCommandInput,
  DeleteFunctionCommandInput,
  FunctionConfiguration,
  InvocationRequest,
  InvokeCommandOutput,
  ListAliasesCommandOutput,
  ListFunctionsCommandInput,
  ListFunctionsCommandOutput,
  ListTagsCommandInput,
  ListTagsCommandOutput,
  PublishVersionCommandInput,
  UpdateAliasCommandInput,
  UpdateFunctionCodeCommandInput,
  UpdateFunctionConfigurationCommandInput,
} from '@aws-sdk/client-lambda';
import { type Answers, notInSandbox, ServiceFault } from './fault.ts';
import { sandboxAccountId } from './fleet.ts';
import { type FunctionVersion, FunctionVersions } from './lambda-versions.ts';

/** What a function of the sandbox does with an event: what it returns, or the error that it ends with. */
type Behaviour = (event: Record<string, unknown>) => { readonly returns: unknown } | { readonly fails: { type: string; message: string } };

interface SandboxFunction {
  readonly name: string;
  readonly description: string;
  readonly memoryMb: number;
  readonly tags: Readonly<Record<string, string>>;
  /** The names are shown, the values never are. */
  readonly environment: Readonly<Record<string, string>>;
  readonly run: Behaviour;
}

const functions: readonly SandboxFunction[] = [
  {
    name: 'ziggie-report',
    description: 'Counts what an event holds',
    memoryMb: 256,
    tags: { Project: 'Ziggie', Team: 'backend' },
    environment: { REPORT_BUCKET: 'ziggie-deployments' },
    run: (event) => ({ returns: { ok: true, fields: Object.keys(event).length } }),
  },
  {
    name: 'ziggie-resize-images',
    description: 'Says which sizes it would make of images',
    memoryMb: 1_024,
    tags: { Project: 'Ziggie', Team: 'frontend' },
    environment: { WIDTHS: '320,640,1280' },
    run: ({ key }) => ({ returns: { made: [320, 640, 1_280].map((width) => `${String(key ?? 'image.jpg')}@${width}`) } }),
  },
  {
    name: 'ziggie-always-fails',
    description: 'Ends with an error, every time',
    memoryMb: 128,
    tags: { Project: 'Ziggie', Team: 'backend' },
    environment: {},
    run: () => ({ fails: { type: 'OrderNotFound', message: 'There is no such order.' } }),
  },
  {
    name: 'legacy-import',
    description: 'From before the project',
    memoryMb: 512,
    tags: {},
    environment: {},
    run: () => ({ returns: 'imported' }),
  },
];

/** How long every run takes, so that its log is the same each time. */
const tookMs = 12;

/** Lambda with four functions in the home region. */
export function createLambda(home: string): Answers {
  const find = (region: string, name: string | undefined): SandboxFunction => {
    const found = region === home ? functions.find((each) => each.name === name) : undefined;
    if (!found) throw new ServiceFault('ResourceNotFoundException', `Function not found: ${arnOf(region, name ?? '')}`, 404);
    return found;
  };
  const made = new Map<string, FunctionVersions>();
  const versionsOf = (region: string, name: string | undefined): FunctionVersions => {
    const found = find(region, name);
    const versions = made.get(found.name) ?? new FunctionVersions(found.environment);
    made.set(found.name, versions);
    return versions;
  };
  const now = (region: string, name: string | undefined, version?: FunctionVersion) => {
    const { latest } = versionsOf(region, name);
    const which = version ?? latest;
    return { ...configurationOf(find(region, name), region, which), ...(version ? {} : { RevisionId: latest.revision }) };
  };
  return {
    ListFunctionsCommand: (region, { Marker, MaxItems = 50 }: ListFunctionsCommandInput): Omit<ListFunctionsCommandOutput, '$metadata'> => {
      const from = Number(Marker ?? 0);
      const all = region === home ? functions : [];
      return {
        Functions: all.slice(from, from + MaxItems).map((each) => now(region, each.name)),
        ...(from + MaxItems < all.length ? { NextMarker: String(from + MaxItems) } : {}),
      };
    },
    GetFunctionConfigurationCommand: (region, { FunctionName }: { FunctionName?: string }) => now(region, FunctionName),
    ListVersionsByFunctionCommand: (region, { FunctionName }: { FunctionName?: string }) => ({
      Versions: [undefined, ...versionsOf(region, FunctionName).published].map((version) => now(region, FunctionName, version)),
    }),
    UpdateFunctionCodeCommand: (region, input: UpdateFunctionCodeCommandInput) => {
      versionsOf(region, input.FunctionName).updateCode(input);
      return now(region, input.FunctionName);
    },
    UpdateFunctionConfigurationCommand: (region, input: UpdateFunctionConfigurationCommandInput) => {
      versionsOf(region, input.FunctionName).updateConfiguration(input);
      return now(region, input.FunctionName);
    },
    PublishVersionCommand: (region, input: PublishVersionCommandInput) =>
      now(region, input.FunctionName, versionsOf(region, input.FunctionName).publish(input)),
    CreateAliasCommand: (region, input: CreateAliasCommandInput) => versionsOf(region, input.FunctionName).putAlias(input, true),
    UpdateAliasCommand: (region, input: UpdateAliasCommandInput) => versionsOf(region, input.FunctionName).putAlias(input, false),
    DeleteAliasCommand: (region, { FunctionName, Name = '' }: DeleteAliasCommandInput) => {
      versionsOf(region, FunctionName).aliases.delete(Name);
      return {};
    },
    DeleteFunctionCommand: (region, { FunctionName, Qualifier }: DeleteFunctionCommandInput) => {
      if (Qualifier === undefined) throw notInSandbox('the deletion of whole functions');
      versionsOf(region, FunctionName).remove(Qualifier);
      return {};
    },
    ListAliasesCommand: (region, { FunctionName }: { FunctionName?: string }): Omit<ListAliasesCommandOutput, '$metadata'> => ({
      Aliases: [...versionsOf(region, FunctionName).aliases.values()],
    }),
    ListTagsCommand: (region, { Resource }: ListTagsCommandInput): Omit<ListTagsCommandOutput, '$metadata'> => ({
      Tags: { ...find(region, Resource?.split(':').at(-1)).tags },
    }),
    InvokeCommand: (region, input: InvocationRequest) =>
      invoke(find(region, input.FunctionName), versionsOf(region, input.FunctionName).find(input.Qualifier), input),
  };
}

function invoke(
  target: SandboxFunction,
  running: FunctionVersion | undefined,
  input: InvocationRequest,
): Omit<InvokeCommandOutput, '$metadata'> {
  const { InvocationType = 'RequestResponse' } = input;
  if (!running) throw new ServiceFault('ResourceNotFoundException', `Function not found: ${target.name}:${input.Qualifier}`, 404);
  const event = eventOf(input.Payload);
  if (InvocationType === 'DryRun') return { StatusCode: 204 };
  if (InvocationType === 'Event') return { StatusCode: 202 };
  const version = running.number;
  const done = running.isHealthy ? target.run(event) : { fails: { type: 'Unhealthy', message: 'health.json of this version is not ok.' } };
  const said = 'fails' in done ? `ERROR ${done.fails.type}: ${done.fails.message}` : `INFO ${target.name} done`;
  const log = `START RequestId: sandbox Version: ${version}\n${said}\nEND RequestId: sandbox\nREPORT RequestId: sandbox Duration: ${tookMs}.00 ms Billed Duration: ${tookMs} ms Memory Size: ${target.memoryMb} MB\n`;
  const body = 'fails' in done ? { errorType: done.fails.type, errorMessage: done.fails.message, trace: [] } : done.returns;
  return {
    StatusCode: 200,
    ExecutedVersion: version,
    // Bytes alone: the conveniences of the SDK's own blobs are not used.
    Payload: Buffer.from(JSON.stringify(body)) as Uint8Array as InvokeCommandOutput['Payload'],
    ...(input.LogType === 'Tail' ? { LogResult: Buffer.from(log).toString('base64') } : {}),
    ...('fails' in done ? { FunctionError: 'Unhandled' } : {}),
  };
}

function eventOf(payload: Uint8Array | undefined): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(payload ?? []).toString('utf8') || '{}') as Record<string, unknown>;
  } catch {
    throw new ServiceFault('InvalidRequestContentException', 'Could not parse request body into json.');
  }
}

function configurationOf(
  { name, description, memoryMb }: SandboxFunction,
  region: string,
  version: FunctionVersion,
): FunctionConfiguration {
  return {
    FunctionName: name,
    FunctionArn: arnOf(region, name),
    Runtime: 'nodejs24.x' as FunctionConfiguration['Runtime'],
    Role: `arn:aws:iam::${sandboxAccountId}:role/${name}`,
    Handler: 'index.handler',
    CodeSize: version.sizeBytes,
    CodeSha256: version.sha256,
    Description: version.description ?? description,
    Timeout: 30,
    MemorySize: memoryMb,
    LastModified: '2026-01-15T09:30:00.000+0000',
    Version: version.number,
    Environment: { Variables: { ...version.environment } },
    State: 'Active',
    LastUpdateStatus: 'Successful',
    PackageType: 'Zip',
    Architectures: ['arm64'],
  };
}

function arnOf(region: string, name: string): string {
  return `arn:aws:lambda:${region}:${sandboxAccountId}:function:${name}`;
}
