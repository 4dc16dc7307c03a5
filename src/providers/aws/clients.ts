import type { NodeHttpHandler } from '@smithy/node-http-handler';
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider, MetadataBearer, Pluggable } from '@smithy/types';
import type { RetryClass } from '../../ports/domain.ts';
import { type AwsAccount, type Scope, scopeKey } from './accounts.ts';
import { credentialsOf } from './credentials.ts';
import type { Session, Sessions } from './sessions.ts';

export interface ClientOptions {
  readonly accounts: readonly AwsAccount[];
  /** `AWS_ENDPOINT_URL`: for every service that `endpoints` does not name. */
  readonly endpoint?: string;
  readonly endpoints?: Partial<Record<Service, string>>;
  /** Longest silence of one attempt, in milliseconds; the SDK then retries within the call's deadline. */
  readonly requestTimeoutMs?: number;
  /** Replaces the network; the sandbox gives one that refuses everything. */
  readonly requestHandler?: Pick<NodeHttpHandler, 'handle' | 'metadata'>;
  /** Told of every secret key and session token before it is used. */
  readonly hide?: (secret: string, until?: number) => void;
  /** Installed on every client; the sandbox answers from here. */
  readonly middleware?: (at: { account: string; region: string; service: Service }) => Pluggable<object, MetadataBearer>;
}

/** The SDK would log to the console, and a client may take anything on stderr for a failure. */
const quiet = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

const loaders = {
  ec2: async (config: object) => {
    const sdk = await import('@aws-sdk/client-ec2');
    return { sdk, client: new sdk.EC2Client(config) };
  },
  sts: async (config: object) => {
    const sdk = await import('@aws-sdk/client-sts');
    return { sdk, client: new sdk.STSClient(config) };
  },
  cloudwatch: async (config: object) => {
    const sdk = await import('@aws-sdk/client-cloudwatch');
    return { sdk, client: new sdk.CloudWatchClient(config) };
  },
  logs: async (config: object) => {
    const sdk = await import('@aws-sdk/client-cloudwatch-logs');
    return { sdk, client: new sdk.CloudWatchLogsClient(config) };
  },
  s3: async (config: object) => {
    const sdk = await import('@aws-sdk/client-s3');
    // Emulators have no DNS name for each bucket.
    const forcePathStyle = 'endpoint' in config && config.endpoint !== undefined;
    // For directory buckets the SDK would ask for credentials of its own, past the sender and the redaction.
    return { sdk, client: new sdk.S3Client({ ...config, forcePathStyle, disableS3ExpressSessionAuth: true }) };
  },
  lambda: async (config: object) => {
    const sdk = await import('@aws-sdk/client-lambda');
    return { sdk, client: new sdk.LambdaClient(config) };
  },
  secretsmanager: async (config: object) => {
    const sdk = await import('@aws-sdk/client-secrets-manager');
    return { sdk, client: new sdk.SecretsManagerClient(config) };
  },
  cloudtrail: async (config: object) => {
    const sdk = await import('@aws-sdk/client-cloudtrail');
    return { sdk, client: new sdk.CloudTrailClient(config) };
  },
  iam: async (config: object) => {
    const sdk = await import('@aws-sdk/client-iam');
    return { sdk, client: new sdk.IAMClient(config) };
  },
  ssm: async (config: object) => {
    const sdk = await import('@aws-sdk/client-ssm');
    return { sdk, client: new sdk.SSMClient(config) };
  },
  cloudfront: async (config: object) => {
    const sdk = await import('@aws-sdk/client-cloudfront');
    return { sdk, client: new sdk.CloudFrontClient(config) };
  },
  ce: async (config: object) => {
    const sdk = await import('@aws-sdk/client-cost-explorer');
    return { sdk, client: new sdk.CostExplorerClient(config) };
  },
  budgets: async (config: object) => {
    const sdk = await import('@aws-sdk/client-budgets');
    return { sdk, client: new sdk.BudgetsClient(config) };
  },
  sns: async (config: object) => {
    const sdk = await import('@aws-sdk/client-sns');
    return { sdk, client: new sdk.SNSClient(config) };
  },
  ses: async (config: object) => {
    const sdk = await import('@aws-sdk/client-sesv2');
    return { sdk, client: new sdk.SESv2Client(config) };
  },
};

/** Loaded and made on first use: EC2's client alone takes a quarter of a second. */
export type Service = keyof typeof loaders;
export type Loaded<S extends Service> = Awaited<ReturnType<(typeof loaders)[S]>>;
/** @param actor for whom; absent for the server's own requests */
export type Clients = <S extends Service>(service: S, scope: Scope, retry: RetryClass, actor?: string) => Promise<Loaded<S>>;

/**
 * Clients by account, region, service, number of attempts and session. They share one connection pool, are imported and made on
 * first use, and kept, because the SDK's retry budget lives in the client.
 */
export function createClients(options: ClientOptions, sessions: Sessions): Clients {
  const made = new Map<string, Promise<Loaded<Service>>>();
  let handler: Promise<ClientOptions['requestHandler']> | undefined;

  const make = async (service: Service, scope: Scope, maxAttempts: number, session?: Session): Promise<Loaded<Service>> => {
    handler ??= options.requestHandler ? Promise.resolve(options.requestHandler) : networkHandler(options.requestTimeoutMs ?? 10_000);
    const loaded = await loaders[service]({
      region: scope.region,
      endpoint: options.endpoints?.[service] ?? options.endpoint,
      credentials: hiding(session?.credentials ?? credentialsOf(scope.account), options.hide),
      requestHandler: await handler,
      retryMode: 'standard',
      maxAttempts,
      logger: quiet,
    });
    const plugin = options.middleware?.({ account: scope.account.name, region: scope.region, service });
    if (plugin) (loaded.client.middlewareStack as { use(plugin: Pluggable<object, MetadataBearer>): void }).use(plugin);
    return loaded;
  };

  /** Clients of a session that another has replaced are of no use. */
  const sessionKeys = new Map<string, string>();
  const forget = (whose: string, key: string) => {
    const before = sessionKeys.get(whose);
    if (before === key) return;
    sessionKeys.set(whose, key);
    if (before !== undefined) for (const name of made.keys()) if (name.endsWith(`/${before}`)) made.delete(name);
  };

  return <S extends Service>(service: S, scope: Scope, retry: RetryClass, actor?: string) => {
    const maxAttempts = retry === 'never' ? 1 : 3;
    const session = actor === undefined ? undefined : sessions.of(scope.account, actor);
    if (session && actor !== undefined) forget(`${scope.account.name} ${actor}`, session.key);
    const key = `${scopeKey(scope)}/${service}/${maxAttempts}/${session?.key ?? ''}`;
    let client = made.get(key);
    if (!client) {
      client = make(service, scope, maxAttempts, session);
      made.set(key, client);
    }
    // One map for all services: the key says which one it is.
    return client as Promise<Loaded<S>>;
  };
}

async function networkHandler(requestTimeoutMs: number): Promise<NodeHttpHandler> {
  const { NodeHttpHandler } = await import('@smithy/node-http-handler');
  return new NodeHttpHandler({ connectionTimeout: 3_000, requestTimeout: requestTimeoutMs, throwOnRequestTimeout: true, logger: quiet });
}

/** An error may quote a session that has just ended. */
const keptAfterEndMs = 3_600_000;

/** Credentials that are known to the redaction from the moment on at which they are there. */
function hiding(
  credentials: AwsCredentialIdentity | AwsCredentialIdentityProvider,
  hide: ClientOptions['hide'],
): AwsCredentialIdentity | AwsCredentialIdentityProvider {
  if (!hide) return credentials;
  const tell = (identity: AwsCredentialIdentity) => {
    const until = identity.expiration ? identity.expiration.getTime() + keptAfterEndMs : undefined;
    hide(identity.secretAccessKey, until);
    if (identity.sessionToken) hide(identity.sessionToken, until);
    return identity;
  };
  return typeof credentials === 'function' ? async (properties) => tell(await credentials(properties)) : tell(credentials);
}
