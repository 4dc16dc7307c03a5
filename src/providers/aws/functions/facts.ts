import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import type { FunctionTarget } from '../../../ports/domain.ts';
import type { FunctionDetail, FunctionRow } from '../../../ports/functions.ts';
import type { Scope } from '../accounts.ts';

/** Of a function that is a container image, which has no runtime. */
const imageRuntime = 'image';

function runtimeOf({ Runtime, PackageType }: FunctionConfiguration): string {
  return Runtime ?? (PackageType === 'Image' ? imageRuntime : 'unknown');
}

/** `arn:aws:lambda:eu-north-1:123456789012:function:name` says whose it is. */
export function ownerOf({ FunctionArn }: FunctionConfiguration): string {
  return FunctionArn?.split(':')[4] ?? '';
}

export function toTarget(found: FunctionConfiguration, tags: Record<string, string>, { account, region }: Scope): FunctionTarget {
  const name = found.FunctionName ?? '';
  return {
    type: 'Function',
    id: name,
    provider: 'aws',
    account: account.name,
    accountId: ownerOf(found),
    region,
    name,
    runtime: runtimeOf(found),
    tags,
  };
}

/** @param nameAccount whether rows say their account: only where there are several */
export function toRow(found: FunctionConfiguration, { account, region }: Scope, nameAccount: boolean): FunctionRow {
  const modifiedAt = isoOf(found.LastModified)?.slice(0, 10);
  return {
    name: found.FunctionName ?? '',
    runtime: runtimeOf(found),
    region,
    memoryMb: found.MemorySize ?? 0,
    timeoutSeconds: found.Timeout ?? 0,
    ...(modifiedAt === undefined ? {} : { modifiedAt }),
    ...(nameAccount ? { account: account.name } : {}),
  };
}

/** Names of environment variables and never a value. */
export function toDetail(
  found: FunctionConfiguration,
  aliases: Record<string, string>,
  tags: Readonly<Record<string, string>>,
  scope: Scope,
): FunctionDetail {
  const name = found.FunctionName ?? '';
  const optional = {
    description: found.Description,
    handler: found.Handler,
    role: found.Role,
    modifiedAt: isoOf(found.LastModified),
    state: found.State,
    stateReason: found.StateReason,
    lastUpdate: found.LastUpdateStatus,
    aliases: nonEmpty(aliases),
    environmentVariables: nonEmpty(Object.keys(found.Environment?.Variables ?? {}).sort()),
    logGroup: found.LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`,
  };
  return {
    ...toRow(found, scope, false),
    account: scope.account.name,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined && value !== '')),
    tags: { ...tags },
  };
}

function nonEmpty<T extends object>(value: T): T | undefined {
  return Object.keys(value).length > 0 ? value : undefined;
}

/** Lambda writes `2026-01-31T10:00:00.000+0000`. */
function isoOf(text: string | undefined): string | undefined {
  const time = Date.parse((text ?? '').replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}
