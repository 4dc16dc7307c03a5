import type { CallScope } from './call-scope.ts';

export interface Mail {
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
  readonly attachments?: readonly { readonly name: string; readonly type: string; readonly content: string }[];
  /** What stands before the `@` of its Message-ID: the same for a mail that is sent again. */
  readonly id: string;
}

/** Somebody who does not have a mail that others have. */
export interface RefusedRecipient {
  readonly to: string;
  /** The mail server's words. */
  readonly why: string;
  /** Whether a later attempt may do. */
  readonly isForNow: boolean;
}

/** Mail by SMTP or SES, as configured. */
export interface Mailer {
  /**
   * One mail to all of its recipients; counts in the call's ledger. Throws `CallError`: `provider_not_configured` without a way to send,
   * retryable where a later attempt may do; and where some recipients were refused while others have it, one that names them. Its
   * provider's code is `RecipientRefused` then, and where all were refused for good.
   * @param refused told of each recipient that was refused, where others have it: then nothing is thrown
   */
  send(mail: Mail, call: CallScope, refused?: (recipient: RefusedRecipient) => void): Promise<void>;
}

export interface Topics {
  /** @param arn of an SNS topic. Throws `CallError`. */
  publish(arn: string, message: { readonly subject: string; readonly text: string }, call: CallScope): Promise<void>;
}

/** SES takes a mail as it is: MIME by RFC 5322. */
export interface RawMail {
  /** Counts in the call's ledger. Throws `CallError`. */
  send(
    from: { readonly account: string; readonly region: string; readonly address: string },
    to: readonly string[],
    mime: Uint8Array,
    call: CallScope,
  ): Promise<void>;
}
