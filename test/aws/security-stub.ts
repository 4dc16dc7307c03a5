import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';

/**
 * A stub of several AWS services, as far as the reviews need them: moto has no service-last-accessed and no GetBucketPolicyStatus,
 * cannot make anything old, refuse a single question, or answer in pages and half successes. What an operation gets is up to the test;
 * what a test says nothing about is refused with AccessDenied, in the words of the protocol in question.
 */
export interface SecurityStub {
  readonly endpoint: string;
  /** Operations in the order of arrival: `ListUsers`. */
  readonly asked: string[];
  /** What was sent, by operation, the last of each. */
  readonly bodies: Map<string, string>;
  /** Answers of an operation one after the other, the last one again and again: XML inside the result element, JSON, or S3's XML. */
  on(operation: string, ...answers: Answer[]): void;
  reset(): void;
  close(): Promise<void>;
}

export interface Refusal {
  readonly status: number;
  readonly code: string;
}
type Plain = string | object | Refusal;
export type Answer = Plain | ((request: { path: string; body: string }) => Plain);

type Protocol = 'query' | 'ec2' | 'json' | 's3';
interface Asked {
  readonly protocol: Protocol;
  readonly operation: string;
}

export async function startSecurityStub(): Promise<SecurityStub> {
  const answers = new Map<string, Answer[]>();
  const asked: string[] = [];
  const bodies = new Map<string, string>();

  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const { protocol, operation } = identify(request, body);
    asked.push(operation);
    bodies.set(operation, body);
    const waiting = answers.get(operation) ?? [];
    const next = (waiting.length > 1 ? waiting.shift() : waiting[0]) ?? { status: 403, code: 'AccessDenied' };
    const answer = typeof next === 'function' ? next({ path: request.url ?? '', body }) : next;
    const type = protocol === 'json' ? 'application/x-amz-json-1.1' : 'text/xml';
    response.writeHead(isRefusal(answer) ? answer.status : 200, { 'content-type': type, 'x-amzn-requestid': `req-${operation}` });
    response.end(isRefusal(answer) ? refusal(protocol, answer.code) : success(protocol, operation, answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const reset = () => {
    answers.clear();
    asked.length = 0;
    bodies.clear();
    answers.set('GetCallerIdentity', [identity('arn:aws:iam::123456789012:user/ziggie-agent')]);
  };
  reset();
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    asked,
    bodies,
    on: (operation, ...next) => void answers.set(operation, next),
    reset,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export function identity(arn: string): string {
  return `<Account>123456789012</Account><Arn>${arn}</Arn><UserId>AIDAEXAMPLE</UserId>`;
}

function identify({ method = '', url = '', headers }: IncomingMessage, body: string): Asked {
  const target = headers['x-amz-target'];
  if (typeof target === 'string') return { protocol: 'json', operation: target.split('.').at(-1) ?? '' };
  const form = new URLSearchParams(body);
  const action = form.get('Action');
  if (action) return { protocol: form.get('Version') === '2016-11-15' ? 'ec2' : 'query', operation: action };
  return { protocol: 's3', operation: s3Operation(method, new URL(url, 'http://stub')) };
}

function s3Operation(method: string, { pathname, searchParams }: URL): string {
  if (pathname === '/') return 'ListBuckets';
  const verb = method === 'PUT' ? 'Put' : 'Get';
  if (searchParams.has('publicAccessBlock')) return `${verb}PublicAccessBlock`;
  if (searchParams.has('policyStatus')) return 'GetBucketPolicyStatus';
  if (searchParams.has('policy')) return `${verb}BucketPolicy`;
  if (searchParams.has('acl')) return 'GetBucketAcl';
  return method === 'PUT' ? 'CreateBucket' : `${method} ${pathname}`;
}

function isRefusal(answer: Plain): answer is Refusal {
  return typeof answer === 'object' && 'status' in answer && 'code' in answer;
}

function success(protocol: Protocol, operation: string, answer: Plain): string {
  if (protocol === 'json') return JSON.stringify(answer);
  if (protocol === 's3') return String(answer);
  if (protocol === 'ec2') return `<${operation}Response>${answer}</${operation}Response>`;
  return `<${operation}Response><${operation}Result>${answer}</${operation}Result></${operation}Response>`;
}

function refusal(protocol: Protocol, code: string): string {
  const error = `<Error><Code>${code}</Code><Message>not for you</Message></Error>`;
  if (protocol === 'json') return JSON.stringify({ __type: code, message: 'not for you' });
  if (protocol === 'ec2') return `<Response><Errors>${error}</Errors></Response>`;
  return protocol === 's3' ? error : `<ErrorResponse>${error}</ErrorResponse>`;
}

const header = [
  'user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active',
  ...[1, 2].map((key) =>
    ['active', 'last_rotated', 'last_used_date', 'last_used_region', 'last_used_service']
      .map((part) => `access_key_${key}_${part}`)
      .join(','),
  ),
].join(',');

export interface ReportRow {
  readonly user: string;
  readonly password?: boolean;
  readonly mfa?: boolean;
  readonly passwordUsed?: string;
  readonly key?: { readonly rotated: string; readonly used?: string; readonly active?: boolean };
}

/** IAM's credential report, as `GetCredentialReport` gives it. */
export function credentialReport(...rows: ReportRow[]): string {
  const lines = rows.map(({ user, password = false, mfa = false, passwordUsed = 'N/A', key }) =>
    [
      ...[user, 'arn', 'N/A', String(password), passwordUsed, 'N/A', 'N/A', String(mfa)],
      ...[String(key ? (key.active ?? true) : false), key?.rotated ?? 'N/A', key?.used ?? 'N/A', 'N/A', 'N/A'],
      ...['false', 'N/A', 'N/A', 'N/A', 'N/A'],
    ].join(','),
  );
  return report([header, ...lines].join('\n'));
}

export function report(csv: string): string {
  return `<Content>${Buffer.from(csv).toString('base64')}</Content><ReportFormat>text/csv</ReportFormat>`;
}

/** An ISO time that lies so many days back. */
export function daysAgo(days: number): string {
  return new Date(Date.now() - days * 86_400_000).toISOString().replace(/\.\d+Z$/, '+00:00');
}
