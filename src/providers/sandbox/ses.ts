import type { SendEmailCommandInput, SendEmailCommandOutput } from '@aws-sdk/client-sesv2';
import { type Answers, ServiceFault } from './fault.ts';

/** SES in one region, which takes every mail and delivers none. */
export function createSes(home: string): Answers {
  let sent = 0;
  return {
    SendEmailCommand: (
      region,
      { FromEmailAddress, Destination, Content }: SendEmailCommandInput,
    ): Omit<SendEmailCommandOutput, '$metadata'> => {
      if (region !== home)
        throw new ServiceFault(
          'MessageRejected',
          `Email address is not verified. The following identities failed the check in region ${region}: ${FromEmailAddress}`,
        );
      if (!Destination?.ToAddresses?.length || !Content?.Raw?.Data?.length)
        throw new ServiceFault('BadRequestException', 'Missing final recipients or content.');
      sent += 1;
      return { MessageId: `0100000000000000-sandbox-${String(sent).padStart(6, '0')}-000000` };
    },
  };
}
