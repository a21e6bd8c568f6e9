/** Which rights azid needs where in Azure, by what the objects of the cluster ask for and its policies allow. Pure. */
import type { FederatedIdentityCredential } from '../../api/federated-identity-credential.ts';
import type { IdentityAttachment } from '../../api/identity-attachment.ts';
import type { IdentityPolicy } from '../../api/identity-policy.ts';
import type { OrphanSweep } from '../../api/orphan-sweep.ts';
import type { RoleGrant } from '../../api/role-grant.ts';
import type { ManagedObject } from '../../api/schema/common.ts';
import type { SystemAssignedIdentity } from '../../api/system-assigned-identity.ts';
import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import { hostTypeIfAny } from '../../azure/hosts/capabilities.ts';
import { armKey, groupOf, ifParsed } from '../../azure/names/resource-id.ts';
import { subscriptionOf } from '../../azure/names/scope.ts';
import { READ_ASSIGNMENTS } from '../../cache/assignments.ts';
import { READ_ACTION } from '../../cache/identities.ts';
import { READ_RECORDS } from '../../hints/activity-log/poller.ts';
import { selectorScope } from '../../reconcilers/hosts/claims/spec.ts';
import { READ_ALL } from '../../reconcilers/orphan-sweep/run/reads.ts';

/** At one scope. */
export interface Need {
  /** `armKey` of it. */
  readonly scope: string;
  readonly actions: readonly string[];
}

const IDENTITIES = 'Microsoft.ManagedIdentity/userAssignedIdentities';
const KEEP_IDENTITIES = [READ_ACTION, `${IDENTITIES}/write`, `${IDENTITIES}/delete`];
const FEDERATE = ['read', 'write', 'delete'].map(
  (verb) => `${IDENTITIES}/federatedIdentityCredentials/${verb}`,
);
const ATTACH = [READ_ACTION, `${IDENTITIES}/assign/action`];
const GRANT = [
  READ_ASSIGNMENTS,
  'Microsoft.Authorization/roleAssignments/write',
  'Microsoft.Authorization/roleAssignments/delete',
  'Microsoft.Authorization/roleDefinitions/read',
];
/** Of a sweep that reports: whether an identity is in use, and by what. */
const SWEEP = [
  READ_ACTION,
  `${IDENTITIES}/federatedIdentityCredentials/read`,
  `${IDENTITIES}/listAssociatedResources/action`,
  READ_ASSIGNMENTS,
];
const SWEEP_AWAY = [
  `${IDENTITIES}/delete`,
  `${IDENTITIES}/federatedIdentityCredentials/delete`,
  'Microsoft.Authorization/roleAssignments/delete',
];
const host = (type: string) => [`${type}/read`, `${type}/write`];

/** A right at a scope, before they are put together. */
type Wanted = readonly [scope: string | undefined, actions: readonly string[]];

type WantedBy = (object: never) => readonly Wanted[];

const BY_KIND: Readonly<Record<string, WantedBy>> = {
  UserAssignedIdentity: ({ spec, status }: UserAssignedIdentity) => {
    const subscription = status?.coordinates?.subscriptionId ?? spec.subscriptionId;
    const group = status?.coordinates?.resourceGroup ?? spec.resourceGroup;
    if (subscription === undefined || group === undefined) return [];
    return [[`/subscriptions/${subscription}/resourceGroups/${group}`, KEEP_IDENTITIES]];
  },
  FederatedIdentityCredential: ({ status }: FederatedIdentityCredential) => [
    [groupIn(status?.identityId), FEDERATE],
  ],
  RoleGrant: ({ spec }: RoleGrant) => [[spec.scope, GRANT]],
  SystemAssignedIdentity: ({ spec }: SystemAssignedIdentity) => [
    [groupIn(spec.resourceId), hostOf(spec.resourceId)],
  ],
  IdentityAttachment: ({ spec, status }: IdentityAttachment) => {
    const { resourceId, selector } = spec.target;
    return [
      [groupIn(status?.identityId ?? spec.identityId), ATTACH],
      ...(resourceId === undefined ? [] : [[groupIn(resourceId), hostOf(resourceId)] as const]),
      ...(selector ? [[selectorScope(selector), host(selector.type)] as const] : []),
    ];
  },
  OrphanSweep: ({ spec }: OrphanSweep) =>
    spec.scopes.flatMap((scope) => [
      [scope, spec.mode === 'Delete' ? [...SWEEP, ...SWEEP_AWAY] : SWEEP],
      // What is attached in a subscription counts, whichever part of it the sweep is for.
      [subscriptionScope(scope), [READ_ALL]],
    ]),
};

/** What lists of a whole subscription need, by what is needed anywhere in it. */
const LISTED = [READ_ACTION, READ_ASSIGNMENTS];

/** Sorted; scopes that no subscription holds are only those of grants. */
export function needsOf(
  objects: readonly ManagedObject[],
  policies: readonly IdentityPolicy[],
): readonly Need[] {
  const byScope = new Map<string, Set<string>>();
  const add = (scope: string, actions: readonly string[]) => {
    const known = byScope.get(scope) ?? new Set();
    for (const action of actions) known.add(action);
    byScope.set(scope, known);
  };
  const wanted: readonly Wanted[] = [
    ...objects.flatMap((object) => BY_KIND[object.kind]?.(object as never) ?? []),
    ...policies.flatMap(wantedByPolicy),
  ];
  for (const [scope, actions] of wanted) {
    if (scope === undefined || actions.length === 0) continue;
    add(armKey(scope), actions);
    const subscription = subscriptionIn(scope);
    if (subscription === undefined) continue;
    const listed = actions.filter((each) => LISTED.includes(each) || isHostRead(each));
    add(`/subscriptions/${subscription}`, [...listed, READ_RECORDS]);
  }
  return [...byScope]
    .map(([scope, actions]) => ({ scope, actions: [...actions].toSorted() }))
    .toSorted((left, right) => (left.scope < right.scope ? -1 : 1));
}

/** What a policy lets teams ask for azid must be able to give; `*` names no type. */
function wantedByPolicy({ spec }: IdentityPolicy): readonly Wanted[] {
  const hosts = [...(spec.attachments ?? []), ...(spec.systemAssigned ?? [])];
  return [
    ...(spec.identities?.scopes ?? []).map((scope) => [scope, KEEP_IDENTITIES] as const),
    ...(spec.grants ?? []).flatMap(({ scopes }) => scopes.map((scope) => [scope, GRANT] as const)),
    ...(spec.federation && spec.identities
      ? spec.identities.scopes.map((scope) => [scope, FEDERATE] as const)
      : []),
    ...hosts.flatMap(({ scopes, types }) =>
      scopes.map((scope) => [scope, types.filter((type) => type !== '*').flatMap(host)] as const),
    ),
  ];
}

function isHostRead(action: string): boolean {
  return (
    action !== READ_ALL &&
    action.endsWith('/read') &&
    !/^Microsoft\.(Authorization|ManagedIdentity)\//.test(action)
  );
}

function hostOf(resourceId: string): readonly string[] {
  const type = hostTypeIfAny(resourceId);
  return type === undefined ? [] : host(type);
}

function groupIn(id: string | undefined): string | undefined {
  return id === undefined ? undefined : groupOf(armKey(id));
}

function subscriptionScope(scope: string): string | undefined {
  const subscription = subscriptionIn(scope);
  return subscription === undefined ? undefined : `/subscriptions/${subscription}`;
}

/** What is no scope is refused where it is declared. */
function subscriptionIn(scope: string): string | undefined {
  return ifParsed(() => subscriptionOf(scope)?.toLowerCase());
}
