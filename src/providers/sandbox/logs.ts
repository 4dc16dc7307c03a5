import type {
  CreateLogGroupCommandInput,
  CreateLogStreamCommandInput,
  FilterLogEventsCommandInput,
  FilterLogEventsCommandOutput,
  InputLogEvent,
  PutLogEventsCommandInput,
  PutLogEventsCommandOutput,
} from '@aws-sdk/client-cloudwatch-logs';
import { notInSandbox, ServiceFault } from './fault.ts';

/** Limits of `PutLogEvents` (CloudWatch Logs API reference). */
const mostBytes = 1_048_576;
const bytesPerEvent = 26;
const mostEvents = 10_000;
const widestSpanMs = 86_400_000;
const oldestMs = 14 * 86_400_000;
const newestMs = 2 * 3_600_000;
/** The sandbox's own: it lives in memory. */
const keptEvents = 100_000;

interface StoredEvent {
  readonly timestamp: number;
  readonly message: string;
  readonly logStreamName: string;
  readonly eventId: string;
}
interface Group {
  readonly streams: Set<string>;
  events: StoredEvent[];
}

/** CloudWatch Logs, as far as an audit needs it: groups, streams, appending in order, reading back. */
export class Logs {
  readonly #now: () => number;
  readonly #groups = new Map<string, Group>();
  #count = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  createLogGroup(region: string, { logGroupName }: CreateLogGroupCommandInput): object {
    const key = `${region}/${logGroupName}`;
    if (this.#groups.has(key)) throw new ServiceFault('ResourceAlreadyExistsException', 'The log group exists.');
    this.#groups.set(key, { streams: new Set(), events: [] });
    return {};
  }

  createLogStream(region: string, { logGroupName, logStreamName = '' }: CreateLogStreamCommandInput): object {
    const { streams } = this.#group(region, logGroupName);
    if (streams.has(logStreamName)) throw new ServiceFault('ResourceAlreadyExistsException', 'The log stream exists.');
    streams.add(logStreamName);
    return {};
  }

  putLogEvents(region: string, input: PutLogEventsCommandInput): Omit<PutLogEventsCommandOutput, '$metadata'> {
    const { logStreamName = '', logEvents = [] } = input;
    const group = this.#group(region, input.logGroupName);
    if (!group.streams.has(logStreamName)) throw new ServiceFault('ResourceNotFoundException', 'The log stream does not exist.');
    checkBatch(logEvents);
    const now = this.#now();
    const times = logEvents.map(({ timestamp = 0 }) => timestamp);
    const tooOld = times.filter((time) => time < now - oldestMs).length;
    const firstTooNew = times.findIndex((time) => time > now + newestMs);
    const taken = logEvents.slice(tooOld, firstTooNew < 0 ? undefined : firstTooNew);
    for (const { timestamp = 0, message = '' } of taken) {
      this.#count += 1;
      group.events.push({ timestamp, message, logStreamName, eventId: String(this.#count).padStart(20, '0') });
    }
    if (group.events.length > keptEvents) group.events = group.events.slice(-keptEvents);
    if (taken.length === logEvents.length) return {};
    return {
      rejectedLogEventsInfo: {
        ...(tooOld > 0 ? { tooOldLogEventEndIndex: tooOld } : {}),
        ...(firstTooNew < 0 ? {} : { tooNewLogEventStartIndex: firstTooNew }),
      },
    };
  }

  filterLogEvents(region: string, input: FilterLogEventsCommandInput): Omit<FilterLogEventsCommandOutput, '$metadata'> {
    const { startTime = 0, endTime = Number.POSITIVE_INFINITY, limit = 10_000, nextToken, filterPattern } = input;
    if (filterPattern) throw notInSandbox('patterns of log filters');
    const matching = this.#group(region, input.logGroupName)
      .events.filter(({ timestamp }) => timestamp >= startTime && timestamp <= endTime)
      .sort((a, b) => a.timestamp - b.timestamp);
    const from = nextToken === undefined ? 0 : matching.findIndex(({ eventId }) => eventId === nextToken);
    if (from < 0) throw new ServiceFault('InvalidParameterException', 'The token is not one of mine.');
    return { events: matching.slice(from, from + limit), nextToken: matching[from + limit]?.eventId };
  }

  #group(region: string, name: string | undefined): Group {
    const group = this.#groups.get(`${region}/${name}`);
    if (!group) throw new ServiceFault('ResourceNotFoundException', 'The log group does not exist.');
    return group;
  }
}

function checkBatch(events: readonly InputLogEvent[]): void {
  const refuse = (reason: string) => {
    throw new ServiceFault('InvalidParameterException', reason);
  };
  const bytes = events.reduce((sum, { message = '' }) => sum + Buffer.byteLength(message) + bytesPerEvent, 0);
  const times = events.map(({ timestamp = 0 }) => timestamp);
  if (events.length === 0 || events.length > mostEvents) refuse(`A batch has 1 to ${mostEvents} events.`);
  if (bytes > mostBytes) refuse(`A batch has at most ${mostBytes} bytes.`);
  if (times.some((time, index) => time < (times[index - 1] ?? 0))) refuse('Events must be in the order of their time.');
  if ((times.at(-1) ?? 0) - (times[0] ?? 0) > widestSpanMs) refuse('A batch spans at most 24 hours.');
}
