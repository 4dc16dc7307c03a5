import type { PublishCommandInput } from '@aws-sdk/client-sns';
import { type Answers, ServiceFault } from './fault.ts';
import { sandboxAccountId } from './fleet.ts';

/** SNS with every topic of this account that is called after the project, and nobody who listens. */
export function createSns(): Answers {
  let messages = 0;
  return {
    PublishCommand: (region, { TopicArn = '', Subject = '', Message = '' }: PublishCommandInput) => {
      const [, , , where, account, name = ''] = TopicArn.split(':');
      if (where !== region || account !== sandboxAccountId || !name.startsWith('ziggie-')) {
        throw new ServiceFault('NotFoundException', 'Topic does not exist', 404);
      }
      if (Message === '') throw new ServiceFault('InvalidParameterException', 'Invalid parameter: Empty message');
      if (Subject.length > 100) throw new ServiceFault('InvalidParameterException', 'Invalid parameter: Subject');
      messages += 1;
      return { MessageId: `0f0e0d0c-0000-4000-8000-${String(messages).padStart(12, '0')}` };
    },
  };
}
