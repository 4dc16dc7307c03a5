import { CallError } from '../call/errors.ts';
import type { AccountTarget, TargetRef } from '../ports/domain.ts';
import type { Found, TargetResolvers } from '../ports/resolve.ts';

export interface ResolverParts {
  /** Of all that is not somewhere else. */
  readonly aws: Omit<TargetResolvers, 'DnsZone' | 'Application'>;
  readonly hostinger: Pick<TargetResolvers, 'Account' | 'Instance' | 'DnsZone'>;
  readonly applications: TargetResolvers['Application'];
  /** Whether Hostinger belongs to "everything". */
  readonly isHostingerSetUp: boolean;
}

/** Name of Hostinger's one account, in policy and in lists. */
export const hostingerAccount = 'hostinger';

/** Targets wherever they are: each reference goes to the cloud that it names, and one that names none to all that are set up. */
export function allResolvers({ aws, hostinger, applications, isHostingerSetUp }: ResolverParts): TargetResolvers {
  return {
    // One by one: what loads them late has no members to spread.
    Bucket: (ref, call) => aws.Bucket(ref, call),
    Object: (ref, call) => aws.Object(ref, call),
    Function: (ref, call) => aws.Function(ref, call),
    Secret: (ref, call) => aws.Secret(ref, call),
    Alarm: (ref, call) => aws.Alarm(ref, call),
    Instance: (ref, call) => (ref.provider === 'hostinger' ? hostinger : aws).Instance(ref, call),
    DnsZone: hostinger.DnsZone,
    Application: applications,
    async Account(ref, call): Promise<Found<AccountTarget>> {
      if (ref.provider === 'hostinger' || (ref.provider === undefined && ref.account === hostingerAccount)) {
        refuseElsewhere(ref);
        return hostinger.Account(ref, call);
      }
      // Regions and other accounts are AWS's.
      const isEverywhere = ref.provider === undefined && ref.account === undefined && ref.region === undefined;
      if (!isEverywhere || !isHostingerSetUp) return aws.Account(ref, call);
      const [first, second] = await Promise.all([aws.Account(ref, call), hostinger.Account(ref, call)]);
      const unasked = [...(first.unasked ?? []), ...(second.unasked ?? [])];
      return { targets: [...first.targets, ...second.targets], ...(unasked.length > 0 ? { unasked } : {}) };
    },
  };
}

function refuseElsewhere({ account, region }: TargetRef<'Account'>): void {
  if ((account === undefined || account === hostingerAccount) && region === undefined) return;
  throw new CallError('invalid_input', `Hostinger has no ${region === undefined ? `account ${account}` : 'regions to choose from'}.`, {
    remedy: 'Leave account and region out with provider hostinger.',
    effect: 'none',
  });
}
