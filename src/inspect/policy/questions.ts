/** What an object asks of the policies, as its reconciler asks it: from the spec, and from what its status remembers. Pure. */
import type { FederatedIdentityCredential } from '../../api/federated-identity-credential.ts';
import type { IdentityAttachment } from '../../api/identity-attachment.ts';
import type { RoleGrant } from '../../api/role-grant.ts';
import type { ManagedObject } from '../../api/schema/common.ts';
import type { SystemAssignedIdentity } from '../../api/system-assigned-identity.ts';
import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import { capabilityOf } from '../../azure/hosts/capabilities.ts';
import type { ObservedIssuer } from '../../kube/access/cluster-issuer.ts';
import type { NamespacePolicy } from '../../policy/evaluate.ts';
import type { Verdict } from '../../policy/verdict.ts';
import { resolveTrust } from '../../reconcilers/federated-identity-credential/trust.ts';
import {
  askedHostOf,
  attachmentAsked,
  selectorScope,
  systemAssignedAsked,
} from '../../reconcilers/hosts/claims/spec.ts';
import { requestOf, scopeProblem } from '../../reconcilers/role-grant/target/target.ts';
import { resolveTarget } from '../../reconcilers/user-assigned-identity/object.ts';

/** Something that an object asks of the policies of its namespace, so that it can be asked of others again. */
export interface Question {
  /** In words: `an identity at /subscriptions/…`. */
  readonly what: string;
  /** One for each way it may be meant, where that is not known here: the answers have to agree. */
  readonly asked: readonly ((policy: NamespacePolicy) => Verdict)[];
  /** What it depends on, where the answers differ or `isOpen`. */
  readonly undecided?: string;
  /** A refusal is none yet: a policy may name what is asked for in a way that is not known here. */
  readonly isOpen?: boolean;
}

/** What keeps an object from asking at all; the remedy is in it. */
interface Unasked {
  readonly what: string;
  readonly why: string;
}

export type Asked = Question | Unasked;

/** What a question depends on besides the object. */
export interface QuestionContext {
  /** What all policies of the namespace together say, for the defaults. */
  readonly policy: NamespacePolicy;
  readonly clusterIssuer: ObservedIssuer;
  readonly defaultAudience: string;
  /** Of a grant, as Azure has it; absent: Azure was not asked. */
  readonly role?: ReadRole | undefined;
}

export interface ReadRole {
  readonly guid: string;
  readonly name: string;
  readonly type: 'BuiltInRole' | 'CustomRole';
}

type Ask = (object: never, context: QuestionContext) => readonly Asked[];

const BY_KIND: Readonly<Record<string, Ask>> = {
  UserAssignedIdentity: ofIdentity,
  SystemAssignedIdentity: (object: SystemAssignedIdentity) => [
    {
      what: `the system-assigned identity of ${object.spec.resourceId}`,
      asked: [
        (policy) =>
          policy.allowsSystemAssigned(systemAssignedAsked(object, askedHostOf(object.spec.resourceId))),
      ],
    },
  ],
  IdentityAttachment: ofAttachment,
  FederatedIdentityCredential: ofCredential,
  RoleGrant: ofGrant,
};

/** Empty for a kind that needs no permission. */
export function questionsOf(object: ManagedObject, context: QuestionContext): readonly Asked[] {
  return BY_KIND[object.kind]?.(object as never, context) ?? [];
}

function ofIdentity(object: UserAssignedIdentity, { policy }: QuestionContext): readonly Asked[] {
  const resolution = resolveTarget(object, policy.defaults);
  if (!resolution.resolved)
    return [
      {
        what: 'an identity',
        why: `neither spec nor policy gives ${resolution.missing.join(', ')}: add a default to a policy, or make a new object with the field`,
      },
    ];
  const { id } = resolution.target;
  return [
    { what: `an identity at ${id}`, asked: [(each) => each.allowsIdentity(id)] },
    ...(object.spec.adoption === 'Adopt'
      ? [{ what: `to take over ${id}`, asked: [(each: NamespacePolicy) => each.allowsAdoption(id)] }]
      : []),
  ];
}

function ofAttachment(object: IdentityAttachment): readonly Asked[] {
  const { resourceId, selector } = object.spec.target;
  if (resourceId !== undefined)
    return [
      {
        what: `the identity on ${resourceId}`,
        asked: [(policy) => policy.allowsAttachment(attachmentAsked(object, askedHostOf(resourceId)))],
      },
    ];
  if (!selector) return [];
  const { type } = selector;
  const scope = selectorScope(selector);
  const known = capabilityOf(type) !== undefined;
  const targets = object.status?.targets ?? [];
  return [
    {
      what: `to select ${type} in ${scope}`,
      asked: [(policy) => policy.allowsSelector({ scope, type, known })],
    },
    ...targets.map(({ resourceId: id }) => ({
      what: `the identity on ${id}`,
      asked: [
        (policy: NamespacePolicy) =>
          policy.allowsAttachment(attachmentAsked(object, { hostId: id, type, known })),
      ],
    })),
  ];
}

function ofCredential(
  object: FederatedIdentityCredential,
  { clusterIssuer, defaultAudience }: QuestionContext,
): readonly Asked[] {
  const what = 'trust in tokens';
  const resolution = resolveTrust(object, issuerFor(object, clusterIssuer), defaultAudience);
  if (!resolution.resolved) {
    const { summary } = resolution;
    const why =
      'message' in summary ? summary.message : summary.state === 'retrying' ? summary.failure.message : '';
    return [{ what, why }];
  }
  const { trust, isClusterIssuer } = resolution;
  const unknown = clusterIssuer.state === 'unknown' && object.spec.kubernetes === undefined;
  return [
    {
      what: `trust in subject ${trust.subject} of ${trust.issuer} for ${trust.audience}`,
      asked: [isClusterIssuer, ...(unknown ? [true] : [])].map(
        (isOwn) => (policy: NamespacePolicy) => policy.allowsFederation({ ...trust, isClusterIssuer: isOwn }),
      ),
      ...(unknown && { undecided: "whether that is this cluster's issuer, which you may not read" }),
    },
  ];
}

/** Where the caller may not ask the API server, what azid wrote out in the status is the best that there is. */
function issuerFor(
  { spec, status }: FederatedIdentityCredential,
  clusterIssuer: ObservedIssuer,
): ObservedIssuer {
  if (clusterIssuer.state !== 'unknown' || !spec.kubernetes || status?.issuer === undefined)
    return clusterIssuer;
  return { state: 'known', issuer: status.issuer };
}

const GUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Which role is meant, and whether it is built in, only Azure knows; what the spec has may be enough. */
function ofGrant(object: RoleGrant, { role, policy }: QuestionContext): readonly Asked[] {
  const { spec, status } = object;
  const what = `role ${spec.role.name ?? spec.role.id} on ${spec.scope}`;
  const problem = scopeProblem(object);
  if (problem !== undefined) return [{ what, why: problem }];
  if (!policy.allowsAnyGrantAt(spec.scope).allowed)
    return [{ what, asked: [(each) => each.allowsAnyGrantAt(spec.scope)] }];
  const guid = role?.guid ?? GUID.exec(spec.role.id ?? status?.roleDefinitionId ?? '')?.[0].toLowerCase();
  const roleName = role?.name ?? spec.role.name;
  const types = role ? [role.type] : (['BuiltInRole', 'CustomRole'] as const);
  const target = {
    roleGuid: guid ?? '',
    roleName: roleName ?? '',
    scope: spec.scope,
    principalId: spec.principal.id ?? '',
  };
  return [
    {
      what,
      asked: types.map(
        (type) => (each: NamespacePolicy) => each.allowsGrant(requestOf(object, target, { role: { type } })),
      ),
      isOpen: guid === undefined || roleName === undefined,
      undecided:
        'whether that is a built-in role and no custom one of that name, which --azure asks in Azure',
    },
  ];
}
