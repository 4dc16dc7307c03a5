import type {
  CreateInvalidationCommandInput,
  CreateInvalidationCommandOutput,
  GetDistributionCommandOutput,
  GetInvalidationCommandOutput,
  Invalidation,
} from '@aws-sdk/client-cloudfront';
import { type Answers, ServiceFault } from './fault.ts';
import { sandboxAccountId } from './fleet.ts';

/** The one distribution of the sandbox: ziggie-deployments/web/. */
export const sandboxDistribution = 'E1SANDBOXSITE';

/** CloudFront with one site, which forgets at once. */
export function createCloudFront(now: () => number): Answers {
  const invalidations = new Map<string, Invalidation>();
  const mustExist = (id: string | undefined) => {
    if (id !== sandboxDistribution) throw new ServiceFault('NoSuchDistribution', 'The specified distribution does not exist.', 404);
  };
  return {
    GetDistributionCommand: (_, { Id }: { Id?: string }): Omit<GetDistributionCommandOutput, '$metadata'> => {
      mustExist(Id);
      return {
        Distribution: {
          Id,
          ARN: `arn:aws:cloudfront::${sandboxAccountId}:distribution/${Id}`,
          Status: 'Deployed',
          LastModifiedTime: new Date(now()),
          InProgressInvalidationBatches: 0,
          DomainName: 'd111111abcdef8.cloudfront.net',
          DistributionConfig: {
            CallerReference: 'sandbox',
            Comment: 'The site of the sandbox',
            Enabled: true,
            DefaultCacheBehavior: { TargetOriginId: 'site', ViewerProtocolPolicy: 'redirect-to-https' },
            Origins: { Quantity: 1, Items: [{ Id: 'site', DomainName: 'ziggie-deployments.s3.amazonaws.com', OriginPath: '/web' }] },
          },
        },
      };
    },
    CreateInvalidationCommand: (
      _,
      { DistributionId, InvalidationBatch }: CreateInvalidationCommandInput,
    ): Omit<CreateInvalidationCommandOutput, '$metadata'> => {
      mustExist(DistributionId);
      const Id = `I${String(invalidations.size + 1).padStart(12, '0')}`;
      const made: Invalidation = { Id, Status: 'Completed', CreateTime: new Date(now()), InvalidationBatch };
      invalidations.set(Id, made);
      return { Invalidation: made };
    },
    GetInvalidationCommand: (
      _,
      { DistributionId, Id = '' }: { DistributionId?: string; Id?: string },
    ): Omit<GetInvalidationCommandOutput, '$metadata'> => {
      mustExist(DistributionId);
      const found = invalidations.get(Id);
      if (!found) throw new ServiceFault('NoSuchInvalidation', 'The specified invalidation does not exist.', 404);
      return { Invalidation: found };
    },
  };
}
