/** Invariant: nothing of a request but its name enters an error; above all not the token, even where an answer repeats it. */
import { cleanText } from '../../../call/canonical.ts';
import { CallError, type ErrorCode, type ProviderError } from '../../../call/errors.ts';
import type { AttemptOutcome } from '../../../ports/call-scope.ts';

/** Far beyond what is shown: a secret must be whole to be recognised. */
const longestMessage = 4_000;

/** An answer as it came. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** Parsed; undefined for what is no JSON. */
  readonly json: unknown;
}

export interface Asked {
  /** Name of the tool: `VPS_startVirtualMachineV1`. */
  readonly tool: string;
  readonly token: string;
}

interface Rule {
  readonly code: ErrorCode;
  readonly remedy: string;
}

const byStatus: Readonly<Record<number, Rule>> = {
  400: { code: 'provider_rejected', remedy: 'Correct what Hostinger names and try again.' },
  401: {
    code: 'provider_denied',
    remedy:
      'A person should make a new API token in hPanel (Account, API) and put it into the secret ziggie/hostinger-api-token or HOSTINGER_API_TOKEN. Repeating the call does not help.',
  },
  403: {
    code: 'provider_denied',
    remedy:
      'The token may not do this, or this address was cut off for too many requests: look at the token in hPanel, and wait some minutes before another try.',
  },
  404: {
    code: 'provider_not_found',
    remedy: 'Check the id or name with the list of such things: instances_list, dns_list_records, vps_list_snapshots.',
  },
  409: { code: 'provider_conflict', remedy: 'Another change is under way there: read the state, wait until it is done, and try again.' },
  422: { code: 'provider_rejected', remedy: 'Correct what Hostinger names and try again.' },
  423: { code: 'provider_conflict', remedy: 'It is locked while another change is under way: wait until that is done and try again.' },
  429: { code: 'provider_throttled', remedy: 'Wait for the given time and try again, with fewer calls at once.' },
};

/** Whether Hostinger certainly did not act. */
export function outcomeOf(status: number): AttemptOutcome {
  if (status >= 200 && status < 300) return 'applied';
  return status >= 400 && status < 500 && status !== 408 ? 'refused' : 'unknown';
}

/** An answer of any status but 2xx. */
export function refused(reply: Reply, asked: Asked): CallError {
  const { status } = reply;
  const words = said(reply, asked.token);
  const provider: ProviderError = { code: `HTTP ${status}`, ...words, status };
  const rule = byStatus[status];
  if (rule) {
    return new CallError(
      rule.code,
      status === 401 ? 'Hostinger does not accept the API token.' : `Hostinger did not accept ${asked.tool}: HTTP ${status}.`,
      {
        remedy: rule.remedy,
        ...(status === 429 ? { retryable: true, retryAfterMs: retryAfterMs(reply) } : {}),
        provider,
      },
    );
  }
  if (status >= 500 || status === 408) {
    return new CallError('provider_unavailable', `Hostinger could not answer ${asked.tool}: HTTP ${status}.`, {
      remedy: 'Try again in a minute. After a change, read the state of the target first: Hostinger may have acted.',
      retryable: true,
      provider,
    });
  }
  if (status < 400) {
    return new CallError('provider_unavailable', `What answered ${asked.tool} points elsewhere (HTTP ${status}), and was not followed.`, {
      remedy: 'Check HOSTINGER_API_URL and any proxy on the way.',
      provider,
    });
  }
  return new CallError('provider_rejected', `Hostinger did not accept ${asked.tool}: HTTP ${status}.`, {
    remedy: 'Correct what Hostinger names and try again.',
    provider,
  });
}

/** A 2xx that is not what Hostinger sends. @param where member that is missing or of another kind; absent: no JSON at all */
export function unreadable({ tool }: Asked, reply: Reply, where?: string): CallError {
  const what = where === undefined ? 'it is no JSON' : `${where || 'its outermost value'} is missing or of another kind`;
  return new CallError('provider_unavailable', `The answer to ${tool} is not what Hostinger sends: ${what}.`, {
    remedy: 'Check HOSTINGER_API_URL and any proxy on the way. After a change, read the state of the target before repeating it.',
    provider: { code: 'UnreadableReply', status: reply.status },
  });
}

export function tooLong({ tool }: Asked): CallError {
  return new CallError(
    'provider_unavailable',
    `The answer to ${tool} is longer than any that Hostinger sends, and was not read to its end.`,
    {
      remedy: 'Check HOSTINGER_API_URL and any proxy on the way. After a change, read the state of the target before repeating it.',
      provider: { code: 'AnswerTooLong' },
    },
  );
}

/** No answer, or not all of it. The library's error is left behind: it may hold the request. */
export function unreachable(error: unknown, { tool }: Asked): CallError {
  const { code = 'Unknown', name = '' } = error as { code?: string; name?: string };
  if (/TIMEOUT|TIMEDOUT/.test(code) && code !== 'UND_ERR_CONNECT_TIMEOUT') {
    return new CallError('timeout', `Hostinger did not answer ${tool} in time.`, {
      remedy: 'Read the state of the target before repeating a change: Hostinger may have acted.',
      retryable: true,
      provider: { code },
    });
  }
  if (/^(E[A-Z_]+|UND_ERR_\w+|HPE_\w+|ERR_(TLS|SSL)_\w+|CERT_\w+|DEPTH_\w+|SELF_\w+|UNABLE_\w+)$/.test(code)) {
    return new CallError('provider_unavailable', `Hostinger cannot be reached for ${tool}: ${code}.`, {
      remedy: 'Check the network, the proxy and HOSTINGER_API_URL.',
      retryable: true,
      provider: { code },
    });
  }
  return new CallError('internal', `${tool} failed in a way that this server does not know: ${name} ${code}.`, {
    remedy: 'Report it with the call id.',
  });
}

/** Hostinger's id of the request, which its support asks for. */
export function correlationIdOf({ json }: Reply): string | undefined {
  const id = (json as { correlation_id?: unknown } | null | undefined)?.correlation_id;
  return typeof id === 'string' && /^[\w-]{1,100}$/.test(id) ? id : undefined;
}

/** `{message, correlation_id}`; 422 adds `errors` by field, and some answers say `error` instead. */
function said(reply: Reply, token: string): Pick<ProviderError, 'message' | 'requestId'> {
  const { message, error, errors } = (reply.json ?? {}) as { message?: unknown; error?: unknown; errors?: unknown };
  const own = [message, error].find((each) => typeof each === 'string');
  const fields =
    typeof errors === 'object' && errors !== null
      ? Object.entries(errors).map(([field, why]) => `${field}: ${[why].flat().join(' ')}`)
      : [];
  const text = [own, ...fields].filter(Boolean).join('; ');
  const requestId = correlationIdOf(reply);
  const shown = cleanText(text.replaceAll(token, '[token]').replace(/\s+/g, ' ').trim(), longestMessage);
  return { ...(shown ? { message: shown } : {}), ...(requestId ? { requestId } : {}) };
}

const longestPauseMs = 300_000;

/** `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), at most five minutes; two seconds when the answer does not say. */
export function retryAfterMs({ headers }: Reply): number {
  const value = [headers['retry-after']].flat()[0]?.trim() ?? '';
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? 2_000 : Math.min(Math.max(0, ms), longestPauseMs);
}
