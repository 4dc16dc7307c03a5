import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import { type Scope, settleAll } from '../accounts.ts';
import { answered } from '../errors.ts';
import type { Sender } from '../send.ts';
import type { AgentPrincipal } from './principal.ts';
import { readAll } from './read-all.ts';
import type { Report } from './review.ts';

/** Whoever a policy is attached to. */
interface Owner {
  readonly kind: 'role' | 'user' | 'group';
  readonly name: string;
}

export interface AppliedPolicy {
  readonly owner: Owner;
  readonly name: string;
  /** Absent for an inline policy. */
  readonly arn?: string;
  readonly document: { readonly Statement?: unknown };
}

/** IAM allows 20 managed policies, and as many inline ones as fit in 10,240 characters. */
const mostPages = 5;

/** Every policy of a role, or of a user and its groups. Those that cannot be read are gaps of the report. */
export async function readPolicies(
  sender: Sender,
  scope: Scope,
  principal: AgentPrincipal,
  report: Report,
  call: CallScope,
): Promise<{ policies: AppliedPolicy[]; complete: boolean }> {
  const iam = ask(sender, scope, call);
  const groups = principal.kind === 'user' ? (await iam.groups(principal.name)).items : [];
  const owners: Owner[] = [principal, ...groups.map((name): Owner => ({ kind: 'group', name }))];
  const lists = await settleAll(owners, async (owner) => {
    const [attached, inline] = await Promise.all([iam.attached(owner), iam.inline(owner)]);
    return [
      ...attached.items.map(({ PolicyArn = '', PolicyName = '' }) => async (): Promise<AppliedPolicy> => {
        return { owner, name: PolicyName, arn: PolicyArn, document: await iam.managedDocument(PolicyArn) };
      }),
      ...inline.items.map((name) => async (): Promise<AppliedPolicy> => ({ owner, name, document: await iam.inlineDocument(owner, name) })),
    ];
  });
  const reads = await settleAll(
    lists.flatMap((each) => (each.status === 'fulfilled' ? each.value : [])),
    (read) => read(),
  );
  const failures = [...lists, ...reads].flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  for (const error of failures) report.gap(error);
  return { policies: reads.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])), complete: failures.length === 0 };
}

/** IAM's questions; each kind of owner has its own. */
function ask(sender: Sender, scope: Scope, call: CallScope) {
  const paged = <T>(read: (Marker: string | undefined) => Promise<{ items: T[]; IsTruncated?: boolean; Marker?: string }>) =>
    readAll(mostPages, async (marker) => {
      const { items, IsTruncated, Marker } = await read(marker);
      return { items, next: IsTruncated ? Marker : undefined };
    });
  return {
    groups: (UserName: string) =>
      paged(async (Marker) => {
        const reply = await sender.ask('iam', scope, call, (sdk) => new sdk.ListGroupsForUserCommand({ UserName, Marker }));
        return { ...reply, items: answered(reply.Groups, 'ListGroupsForUser').map(({ GroupName = '' }) => GroupName) };
      }),
    attached: ({ kind, name }: Owner) =>
      paged(async (Marker) => {
        const reply = await (kind === 'role'
          ? sender.ask('iam', scope, call, (sdk) => new sdk.ListAttachedRolePoliciesCommand({ RoleName: name, Marker }))
          : kind === 'user'
            ? sender.ask('iam', scope, call, (sdk) => new sdk.ListAttachedUserPoliciesCommand({ UserName: name, Marker }))
            : sender.ask('iam', scope, call, (sdk) => new sdk.ListAttachedGroupPoliciesCommand({ GroupName: name, Marker })));
        return { ...reply, items: answered(reply.AttachedPolicies, 'ListAttachedPolicies') };
      }),
    inline: ({ kind, name }: Owner) =>
      paged(async (Marker) => {
        const reply = await (kind === 'role'
          ? sender.ask('iam', scope, call, (sdk) => new sdk.ListRolePoliciesCommand({ RoleName: name, Marker }))
          : kind === 'user'
            ? sender.ask('iam', scope, call, (sdk) => new sdk.ListUserPoliciesCommand({ UserName: name, Marker }))
            : sender.ask('iam', scope, call, (sdk) => new sdk.ListGroupPoliciesCommand({ GroupName: name, Marker })));
        return { ...reply, items: answered(reply.PolicyNames, 'ListPolicies') };
      }),
    async managedDocument(PolicyArn: string) {
      const { Policy } = await sender.ask('iam', scope, call, (sdk) => new sdk.GetPolicyCommand({ PolicyArn }));
      const VersionId = answered(Policy?.DefaultVersionId, 'GetPolicy');
      const { PolicyVersion } = await sender.ask('iam', scope, call, (sdk) => new sdk.GetPolicyVersionCommand({ PolicyArn, VersionId }));
      return parse(answered(PolicyVersion?.Document, 'GetPolicyVersion'), PolicyArn);
    },
    async inlineDocument({ kind, name }: Owner, PolicyName: string) {
      const { PolicyDocument } = await (kind === 'role'
        ? sender.ask('iam', scope, call, (sdk) => new sdk.GetRolePolicyCommand({ RoleName: name, PolicyName }))
        : kind === 'user'
          ? sender.ask('iam', scope, call, (sdk) => new sdk.GetUserPolicyCommand({ UserName: name, PolicyName }))
          : sender.ask('iam', scope, call, (sdk) => new sdk.GetGroupPolicyCommand({ GroupName: name, PolicyName })));
      return parse(answered(PolicyDocument, 'GetPolicyDocument'), PolicyName);
    },
  };
}

/** IAM gives documents URL-encoded (RFC 3986). */
function parse(encoded: string, name: string): AppliedPolicy['document'] {
  try {
    const document: unknown = JSON.parse(decodeURIComponent(encoded));
    if (typeof document === 'object' && document !== null) return document;
  } catch {
    // Told below, with what is no object.
  }
  throw new CallError('provider_unavailable', `The document of the policy ${name} cannot be read.`, {
    remedy: 'Look at it with: aws iam get-policy-version, or get-role-policy.',
    provider: { code: 'UnreadableReply' },
  });
}
