/** Invariant: an invocation goes on the wire once. What a repeat would do is up to the function, and nobody here knows it. */
import type { InvocationRequest, InvokeCommandOutput } from '@aws-sdk/client-lambda';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { FunctionTarget, Resolved } from '../../../ports/domain.ts';
import type { Invocation, InvocationResult } from '../../../ports/functions.ts';
import { scopeOf } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { answered } from '../errors.ts';

/** Lambda API Reference, "Invoke": 6 MB when it is waited for, 1 MB when it is queued. */
const mostBytes = { sync: 6 * 1024 * 1024, async: 1024 * 1024 } as const;

/** Longer results are handed on as text, to be cut where they are shown. In characters of JSON. */
const longestStructure = 32_768;

/** Lambda cuts the tail of the log to its last 4 KB. */
const wholeTailBytes = 4_096;

/** Sync waits for the answer until the deadline of the call, async queues, a dry run has Lambda check the permission alone. */
export async function invoke(
  { accounts, sender }: AwsContext,
  target: Resolved<FunctionTarget>,
  invocation: Invocation,
  call: CallScope,
): Promise<InvocationResult> {
  const scope = scopeOf(accounts, target);
  const input: InvocationRequest = {
    FunctionName: target.name,
    Payload: payloadOf(invocation),
    ...(invocation.qualifier === undefined ? {} : { Qualifier: invocation.qualifier }),
  };
  if (call.dryRun) {
    await sender.ask('lambda', scope, call, (sdk) => new sdk.InvokeCommand({ ...input, InvocationType: 'DryRun' }));
    return { plan: planOf(target, invocation, input) };
  }
  const isSync = invocation.mode === 'sync';
  // A function may be silent for as long as it runs.
  const patient = { ...call, silenceMs: Math.max(1, call.deadlineAt - Date.now()) };
  const request = sender.change('lambda', scope, 'never', patient, (sdk) => {
    return new sdk.InvokeCommand({
      ...input,
      InvocationType: isSync ? 'RequestResponse' : 'Event',
      ...(isSync ? { LogType: 'Tail' } : {}),
    });
  });
  const reply = await request.catch((error: unknown) => {
    throw isSync ? aboutTime(error, target) : error;
  });
  // What a function returns has no form of its own by which to know it.
  answered(reply.$metadata.requestId || undefined, 'Invoke', 'unknown');
  return isSync ? resultOf(reply) : { outcome: 'queued' };
}

function payloadOf({ payload = {}, mode }: Invocation): Uint8Array {
  const bytes = Buffer.from(JSON.stringify(payload));
  if (bytes.length <= mostBytes[mode]) return bytes;
  throw new CallError(
    'invalid_input',
    `The payload has ${bytes.length} bytes of JSON; Lambda takes ${mostBytes[mode]} with mode ${mode}.`,
    {
      remedy:
        mode === 'async' && bytes.length <= mostBytes.sync
          ? 'Invoke with mode sync, or put the data into a bucket and pass its key.'
          : 'Put the data into a bucket and pass its key.',
      effect: 'none',
    },
  );
}

function planOf({ name, runtime }: FunctionTarget, { mode, qualifier }: Invocation, { Payload }: InvocationRequest) {
  const change = { invoke: mode, ...(qualifier === undefined ? {} : { qualifier }), payloadBytes: String(Payload?.length ?? 0) };
  return { current: { name, runtime }, change, providerChecked: true };
}

function resultOf(reply: InvokeCommandOutput): InvocationResult {
  const text = Buffer.from(reply.Payload ?? []).toString('utf8');
  const log = Buffer.from(reply.LogResult ?? '', 'base64').toString('utf8');
  const billed = /Billed Duration: (\d+) ms|"billedDurationMs":\s*(\d+)/.exec(log);
  const logTail = wholeLines(log);
  return {
    ...(reply.FunctionError
      ? { outcome: 'failed', error: functionError(reply.FunctionError, text) }
      : { outcome: 'succeeded', ...returned(text) }),
    ...(reply.ExecutedVersion ? { version: reply.ExecutedVersion } : {}),
    ...(logTail ? { logTail } : {}),
    ...(billed ? { billedMs: Number(billed[1] ?? billed[2]) } : {}),
  };
}

function returned(text: string): Pick<InvocationResult, 'result' | 'truncated'> {
  if (text === '') return {};
  if (text.length > longestStructure) return { result: text, truncated: true };
  return { result: jsonOf(text) ?? text };
}

/** What the runtime says of an error: `errorType` and `errorMessage` (Lambda Developer Guide, "Function errors"). */
function functionError(kind: string, text: string): NonNullable<InvocationResult['error']> {
  const said = jsonOf(text);
  const { errorType, errorMessage } = (typeof said === 'object' && said !== null ? said : {}) as Record<string, unknown>;
  const type = typeof errorType === 'string' ? errorType : 'Unknown';
  const message = typeof errorMessage === 'string' ? errorMessage : text;
  const isTimeout = type === 'Sandbox.Timedout' || /Task timed out after [\d.]+ seconds$/.test(message);
  return { type, message, kind: isTimeout ? 'timeout' : kind.toLowerCase() };
}

/** A tail that was cut starts within a line, and maybe within a secret, of which half would not be recognised. */
function wholeLines(log: string): string {
  return Buffer.byteLength(log) < wholeTailBytes ? log : log.slice(log.indexOf('\n') + 1 || log.length);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Says what to do about a function that takes longer than a call waits. */
function aboutTime(error: unknown, { name }: FunctionTarget): unknown {
  if (!(error instanceof CallError) || error.code !== 'timeout') return error;
  return new CallError('timeout', `${name} did not answer before the call's deadline; it may still be running.`, {
    ...error.details,
    remedy: `Read what it did in its log group (functions_get names it). Invoke functions that take long with mode async.`,
    retryable: false,
    cause: error,
  });
}
