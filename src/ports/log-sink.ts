/** The second copy of the record, in a trust domain that the server's role cannot delete from: CloudWatch Logs. */

export interface LogEvent {
  /** Epoch milliseconds. */
  readonly timestamp: number;
  readonly message: string;
}

/** Counts of events that a *successful* reply said were not taken (`rejectedLogEventsInfo`), by index into the batch. */
export interface PutResult {
  /** Events from this index on lie too far in the future. */
  readonly tooNewFrom?: number;
  /** Events before this index are too old. */
  readonly tooOldBefore?: number;
  /** Events before this index have passed the group's retention. */
  readonly expiredBefore?: number;
}

export interface LogSink {
  readonly group: string;
  /** Account that the credentials belong to, twelve digits. */
  accountId(): Promise<string>;
  /** Creates group or stream when missing. Throws `CallError`. */
  put(stream: string, events: readonly LogEvent[]): Promise<PutResult>;
  /** Every event of the group between two times (epoch milliseconds), in no promised order. */
  read(fromMs: number, toMs: number): AsyncIterable<LogEvent>;
}
