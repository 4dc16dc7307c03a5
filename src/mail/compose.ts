/**
 * Invariant: what a caller gives can end no header and start none. A line break or another control character in an address, a
 * subject, a name or an id is refused before anything is composed; and the composer reads no file and asks no network.
 */
import { CallError } from '../call/errors.ts';
import type { Mail } from '../ports/mail.ts';

/** Controls and Unicode's line ends; what is not well-formed is no text. */
const ends = /[\p{Cc}\u2028\u2029]/u;
/** A mailbox without a name, without quoting and without what separates addresses (RFC 5322, section 3.4.1, the part of it that is in use). */
const mailbox = /^[^\s"(),:;<>@[\\\]\p{Cc}]{1,64}@[^\s"(),:;<>@[\\\]\p{Cc}]{1,190}$/u;
/** RFC 5322, section 3.2.3: dot-atom. */
const messageId = /^[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*$/;
const mediaType = /^[a-z]+\/[a-z0-9.+-]+(; ?charset=[a-z0-9-]+)?$/;

/**
 * A mail as it goes over the wire (RFC 5322, MIME).
 * @param at when it is said to have been written, epoch milliseconds
 * @throws CallError `invalid_input` for what would break a header
 */
export async function compose(mail: Mail, from: string, at: number): Promise<Uint8Array> {
  refuseBroken(mail, from);
  const { default: MailComposer } = await import('nodemailer/lib/mail-composer');
  return new MailComposer({
    from,
    to: [...mail.to],
    subject: mail.subject,
    messageId: `<${mail.id}@${from.slice(from.lastIndexOf('@') + 1)}>`,
    date: new Date(at),
    text: mail.text,
    ...(mail.html === undefined ? {} : { html: mail.html }),
    attachments: (mail.attachments ?? []).map(({ name, type, content }) => ({ filename: name, contentType: type, content })),
    // Nobody is to answer it for its recipient (RFC 3834, section 5).
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build();
}

function refuseBroken({ to, subject, attachments = [], id }: Mail, from: string): void {
  if (to.length === 0) throw refused('There is nobody to send the mail to.', 'Name a recipient.');
  const wrong = [from, ...to].find((address) => !mailbox.test(address) || !address.isWellFormed());
  if (wrong !== undefined) {
    throw refused(
      `${JSON.stringify(wrong)} is no address that mail is sent to.`,
      'Give an address like finance@example.com, without a name and on one line.',
    );
  }
  if (ends.test(subject) || !subject.isWellFormed())
    throw refused('The subject of the mail is not one line of text.', 'Give it without line breaks.');
  for (const { name, type } of attachments) {
    if (ends.test(name) || !mediaType.test(type))
      throw refused('An attachment has a name or a type that is none.', 'Give a name on one line, and a type like text/csv.');
  }
  if (!messageId.test(id)) throw refused('The id of the mail is none.', 'Use letters, digits, dots and hyphens.');
}

function refused(message: string, remedy: string): CallError {
  return new CallError('invalid_input', message, { remedy, effect: 'none' });
}
