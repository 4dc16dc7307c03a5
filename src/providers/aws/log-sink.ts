import { CallError } from '../../call/errors.ts';
import type { LogEvent, LogSink, PutResult } from '../../ports/log-sink.ts';
import type { Scope } from './accounts.ts';
import type { Identify } from './identity.ts';
import { ownIdentity, type Sender } from './send.ts';

export interface LogSinkOptions {
  readonly group: string;
  readonly scope: Scope;
  /** Of each request, in milliseconds; delivery has no caller whose deadline it could share. */
  readonly timeoutMs: number;
}

/** A CloudWatch Logs group as the second copy of the record. */
export function createLogSink({ group, scope, timeoutMs }: LogSinkOptions, sender: Sender, identify: Identify): LogSink {
  const within = () => ({ ...ownIdentity, deadlineAt: Date.now() + timeoutMs });

  const put = async (stream: string, events: readonly LogEvent[]): Promise<PutResult> => {
    const logEvents = events.map(({ timestamp, message }) => ({ timestamp, message }));
    const input = { logGroupName: group, logStreamName: stream, logEvents };
    const { rejectedLogEventsInfo: rejected } = await sender.ask('logs', scope, within(), (sdk) => new sdk.PutLogEventsCommand(input));
    const result = {
      tooNewFrom: rejected?.tooNewLogEventStartIndex,
      tooOldBefore: rejected?.tooOldLogEventEndIndex,
      expiredBefore: rejected?.expiredLogEventEndIndex,
    };
    return Object.fromEntries(Object.entries(result).filter(([, index]) => index !== undefined));
  };

  const create = async (stream: string) => {
    const name = { logGroupName: group };
    await unless('ResourceAlreadyExistsException', () => sender.ask('logs', scope, within(), (sdk) => new sdk.CreateLogGroupCommand(name)));
    const both = { ...name, logStreamName: stream };
    await unless('ResourceAlreadyExistsException', () =>
      sender.ask('logs', scope, within(), (sdk) => new sdk.CreateLogStreamCommand(both)),
    );
  };

  return {
    group,
    accountId: async () => (await identify(scope.account, within())).ownAccountId,
    async put(stream, events) {
      const delivered = await unless('ResourceNotFoundException', () => put(stream, events));
      if (delivered) return delivered;
      await create(stream);
      return put(stream, events);
    },
    async *read(fromMs, toMs) {
      let nextToken: string | undefined;
      do {
        const input = { logGroupName: group, startTime: fromMs, endTime: toMs, nextToken };
        const page = await unless('ResourceNotFoundException', () => {
          return sender.ask('logs', scope, within(), (sdk) => new sdk.FilterLogEventsCommand(input));
        });
        for (const { timestamp, message } of page?.events ?? []) {
          if (timestamp !== undefined && message !== undefined) yield { timestamp, message };
        }
        nextToken = page?.nextToken;
      } while (nextToken);
    },
  };
}

/** Undefined instead of the one error that is expected here. */
async function unless<T>(code: string, request: () => Promise<T>): Promise<T | undefined> {
  try {
    return await request();
  } catch (error) {
    if (error instanceof CallError && error.details.provider?.code === code) return undefined;
    throw error;
  }
}
