import type { Statement } from './statements.ts';

/**
 * What S3, Secrets Manager and EC2 do with a customer-managed key in the caller's name (KMS Developer Guide, "kms:ViaService"): read and
 * write objects and secrets, and start instances whose volumes are encrypted. No tool asks KMS itself.
 * @param keys ARNs
 */
export function kmsStatement(keys: readonly string[]): Statement {
  return {
    Effect: 'Allow',
    Action: ['kms:Decrypt', 'kms:GenerateDataKey*', 'kms:CreateGrant'],
    Resource: keys,
    Condition: { StringLike: { 'kms:ViaService': ['s3.*.amazonaws.com', 'secretsmanager.*.amazonaws.com', 'ec2.*.amazonaws.com'] } },
  };
}
