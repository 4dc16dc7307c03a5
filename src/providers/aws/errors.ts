/** Invariant: nothing of the request, its headers or its credentials enters an error; the service's own text is cut and cleaned. */

import { cleanText } from '../../call/canonical.ts';
import { CallError, type ProviderError } from '../../call/errors.ts';
import type { Effect } from '../../ports/domain.ts';
import type { Scope } from './accounts.ts';
import { budgetErrors } from './budgets/errors.ts';
import type { Service } from './clients.ts';
import { costErrors } from './costs/errors.ts';
import { cloudfrontErrors, lambdaDeployErrors, ssmErrors } from './deploy/errors.ts';
import { type ErrorRule, errorTable, ruleForStatus } from './error-table.ts';
import { functionsErrors } from './functions/errors.ts';
import { mailErrors } from './mail/errors.ts';
import { monitoringErrors } from './monitoring/errors.ts';
import { secretsErrors } from './secrets/errors.ts';
import { securityErrors } from './security/errors.ts';
import { storageErrors } from './storage/errors.ts';
import { topicErrors } from './topics/errors.ts';

/** Far beyond what is shown: a secret must be whole to be recognised. */
const longestMessage = 4_000;

/** What an SDK error may carry. A reply that the SDK could not parse arrives as a bare `SyntaxError` with nothing but the response. */
interface SdkError {
  readonly name?: string;
  readonly message?: string;
  /** Set on errors that the service described itself. */
  readonly $fault?: string;
  readonly $metadata?: { httpStatusCode?: number; requestId?: string };
  readonly $response?: { statusCode?: number; headers?: Record<string, string> };
  /** Of a failed connection: `ECONNREFUSED`. */
  readonly code?: string;
}

/** What was asked of whom; the action is the API's: `StopInstances`. */
export interface Request {
  readonly scope: Scope;
  readonly action: string;
  readonly service: Service;
}

/** Codes that mean something of their own in a service. */
const serviceErrors: Partial<Record<Service, Readonly<Record<string, ErrorRule>>>> = {
  s3: storageErrors,
  lambda: { ...functionsErrors, ...lambdaDeployErrors },
  secretsmanager: secretsErrors,
  cloudwatch: monitoringErrors,
  logs: monitoringErrors,
  cloudtrail: securityErrors,
  iam: securityErrors,
  ssm: ssmErrors,
  cloudfront: cloudfrontErrors,
  ce: costErrors,
  budgets: budgetErrors,
  sns: topicErrors,
  ses: mailErrors,
};

/** Status of the reply that failed; undefined when there was none. */
export function httpStatus(error: unknown): number | undefined {
  const { $metadata, $response } = error as SdkError;
  return $metadata?.httpStatusCode ?? $response?.statusCode;
}

export function requestIdOf(error: unknown): string | undefined {
  return (error as SdkError).$metadata?.requestId;
}

/** Whether the service certainly did not act. A reset, a timeout or a 5xx without a known code leaves it open. */
export function definitelyRefused(error: unknown, service: Service): boolean {
  const status = httpStatus(error);
  if (error instanceof Error && knownRule(error, service)?.refused) return true;
  return status !== undefined && status >= 400 && status < 500 && status !== 408;
}

/**
 * The one place where AWS's errors become ours: by the service's code, then by HTTP status, then by what the network said.
 */
export function toCallError(error: unknown, { scope: { account, region }, action, service }: Request): CallError {
  if (error instanceof CallError) return error;
  if (!(error instanceof Error)) return bug(error, action);
  const where = `${action} in ${region} (account ${account.name})`;
  const status = httpStatus(error);
  const known = knownRule(error, service);
  if (!known && status !== undefined && status < 300) return unreadable(action, error);
  const rule = known ?? (status === undefined ? undefined : ruleForStatus(status));
  if (rule) return fromRule(rule, error, where, status, { account, region }, known !== undefined);
  const sdk = error as SdkError;
  // The SDK calls a reset connection a timeout as well: the network's own code comes first.
  if (sdk.code && sdk.code !== 'ETIMEDOUT' && /^E[A-Z_]+$|^(ERR_TLS|CERT|DEPTH|SELF|UNABLE)_/.test(sdk.code)) {
    return new CallError('provider_unavailable', `AWS cannot be reached for ${where}: ${sdk.code}.`, {
      remedy:
        sdk.code === 'ENOTFOUND'
          ? `Check that the region ${region} exists, and the network and DNS.`
          : 'Check the network, the proxy and AWS_ENDPOINT_URL.',
      retryable: true,
      provider: { code: sdk.code },
      cause: error,
    });
  }
  if (sdk.name === 'TimeoutError') {
    return new CallError('timeout', `AWS did not answer ${where} in time.`, {
      remedy: 'Read the state of the target before repeating a change: AWS may have acted.',
      retryable: true,
      cause: error,
    });
  }
  return bug(error, action);
}

function knownRule({ name = '' }: SdkError, service: Service): ErrorRule | undefined {
  const own = serviceErrors[service];
  if (own && Object.hasOwn(own, name)) return own[name];
  return Object.hasOwn(errorTable, name) ? errorTable[name] : undefined;
}

function fromRule(
  rule: ErrorRule,
  error: SdkError,
  where: string,
  status: number | undefined,
  { account, region }: Scope,
  isKnown: boolean,
): CallError {
  // Only a described error has a code of the service; the name of any other is an accident of the SDK, as it is in answer to HEAD.
  const isDescribed = error.$fault !== undefined && error.name !== 'Unknown';
  const code = isDescribed || isKnown ? (error.name ?? 'Unknown') : `HTTP ${status}`;
  const message = isDescribed ? clean(error.message ?? '') : '';
  const provider: ProviderError = { code, ...(message ? { message } : {}) };
  if (status !== undefined) provider.status = status;
  const requestId = requestIdOf(error);
  if (requestId) provider.requestId = requestId;
  const login = account.profile ? `aws sso login --profile ${account.profile}` : 'aws sso login, or new keys';
  // The sandbox is not AWS, and says so.
  const said = code === 'NotInSandbox' ? `The sandbox does not have ${where.split(' ')[0]}.` : `AWS did not accept ${where}: ${code}.`;
  return new CallError(rule.code, said, {
    remedy: rule.remedy.replace('{login}', login).replace('{region}', region),
    ...(rule.retryable ? { retryable: true } : {}),
    ...(rule.code === 'provider_throttled' ? { retryAfterMs: retryAfterMs(error) } : {}),
    provider,
    cause: error,
  });
}

/** `Retry-After` in seconds, at most a minute; two seconds when the service does not say. */
function retryAfterMs(error: SdkError): number {
  const seconds = Number(error.$response?.headers?.['retry-after']);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 60) * 1_000 : 2_000;
}

/** The service's own words, readable; the road cuts them, behind the redaction. */
export function clean(text: string): string {
  return cleanText(text.replace(/\s+/g, ' ').trim(), longestMessage);
}

/**
 * The member that every reply of an action has. Without it something else answered (a proxy's login page, an emulator),
 * and nobody can tell whether the service heard of the request.
 */
export function answered<T>(member: T | undefined, action: string, effect?: Effect): T {
  if (member !== undefined) return member;
  throw unreadable(action, undefined, effect);
}

function unreadable(action: string, cause?: unknown, effect?: Effect): CallError {
  return new CallError('provider_unavailable', `What answered ${action} is not AWS: the reply has nothing of what AWS sends.`, {
    remedy: 'Check AWS_ENDPOINT_URL and any proxy on the way. After a change, read the state of the target before repeating it.',
    provider: { code: 'UnreadableReply' },
    ...(effect ? { effect } : {}),
    cause,
  });
}

function bug(cause: unknown, action: string): CallError {
  return new CallError('internal', `${action} failed in a way that this server does not know.`, {
    remedy: 'Report it with the call id; the log has the details.',
    cause,
  });
}
