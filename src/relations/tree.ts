/**
 * What an object refers to, and what refers to it, as a tree: identity, attachments and their resources, grants and their scopes,
 * credentials and whom they trust. Pure. By names and statuses, for people: nothing is proven by it.
 */
import type { AssignmentExpiry } from '../api/assignment-expiry.ts';
import type { EventSource } from '../api/event-source.ts';
import type { FederatedIdentityCredential } from '../api/federated-identity-credential.ts';
import type { HostIdentity } from '../api/host-identity.ts';
import type { IdentityAttachment } from '../api/identity-attachment.ts';
import type { IdentityPolicy } from '../api/identity-policy.ts';
import type { OrphanRecord } from '../api/orphan-record.ts';
import type { OrphanSweep } from '../api/orphan-sweep.ts';
import type { RoleGrant } from '../api/role-grant.ts';
import type { ManagedObject } from '../api/schema/common.ts';
import type { SystemAssignedIdentity } from '../api/system-assigned-identity.ts';
import type { UserAssignedIdentity } from '../api/user-assigned-identity.ts';
import { sameId } from '../azure/names/resource-id.ts';
import { keyOf } from '../kube/types.ts';
import { factsOf, selects } from '../policy/selection.ts';
import { referredIdentity, referredSystemIdentity } from '../reconcilers/stores.ts';
import {
  referred,
  type TreeContext,
  thingsOfAttachment,
  thingsOfCredential,
  thingsOfGrant,
  thingsOfIdentity,
  thingsOfSystemIdentity,
} from './things.ts';
import { absentNode, objectNode, type TreeNode } from './tree-node.ts';

type ChildrenOf = (object: never, context: TreeContext) => readonly TreeNode[];

const BY_KIND: Readonly<Record<string, ChildrenOf>> = {
  UserAssignedIdentity: ofIdentity,
  SystemAssignedIdentity: ofSystemIdentity,
  RoleGrant: (object: RoleGrant, context) => [
    principalOf(object, context),
    ...thingsOfGrant(object, context),
  ],
  FederatedIdentityCredential: (object: FederatedIdentityCredential, context) => [
    referred('UserAssignedIdentity', identityKeyOf(object), 'identity', context),
    ...thingsOfCredential(object),
  ],
  IdentityAttachment: (object: IdentityAttachment, context) => [
    identityOf(object, context),
    ...thingsOfAttachment(object, context),
  ],
  HostIdentity: ofHost,
  IdentityPolicy: ofPolicy,
  AssignmentExpiry: (object: AssignmentExpiry, context) => [
    { relation: 'ends', azure: object.spec.assignmentId, children: [] },
    ...object.spec.owners.map(({ namespace, name }) =>
      named('RoleGrant', `${namespace}/${name}`, 'given to', context),
    ),
  ],
  EventSource: ({ spec }: EventSource) => [
    {
      relation: 'receives from',
      text: `queue ${spec.serviceBus.queue} of ${spec.serviceBus.namespace}`,
      children: [],
    },
  ],
  OrphanSweep: ({ spec }: OrphanSweep) =>
    spec.scopes.map((azure) => ({ relation: 'sweeps', azure, children: [] })),
  OrphanRecord: ({ spec }: OrphanRecord) => [{ relation: 'was', azure: spec.id, children: [] }],
};

export function treeOf(object: ManagedObject, context: TreeContext): TreeNode {
  return objectNode(object, undefined, BY_KIND[object.kind]?.(object as never, context) ?? []);
}

function ofIdentity(object: UserAssignedIdentity, context: TreeContext): readonly TreeNode[] {
  const key = keyOf(object);
  const { snapshot } = context;
  const id = object.status?.id;
  const isOn = ({ metadata, spec }: IdentityAttachment) =>
    spec.identityRef === undefined
      ? id !== undefined && spec.identityId !== undefined && sameId(spec.identityId, id)
      : `${metadata.namespace}/${spec.identityRef.name}` === key;
  return [
    ...thingsOfIdentity(object),
    ...snapshot
      .all('IdentityAttachment')
      .filter(isOn)
      .map((each) => objectNode(each, 'attached by', thingsOfAttachment(each, context))),
    ...snapshot
      .all('FederatedIdentityCredential')
      .filter((each) => identityKeyOf(each) === key)
      .map((each) => objectNode(each, 'federated by', thingsOfCredential(each))),
    ...grantsTo(context, (each) => referredIdentity(each).includes(key)),
  ];
}

function ofSystemIdentity(object: SystemAssignedIdentity, context: TreeContext): readonly TreeNode[] {
  const key = keyOf(object);
  return [
    ...thingsOfSystemIdentity(object, context),
    ...grantsTo(context, (each) => referredSystemIdentity(each).includes(key)),
  ];
}

function grantsTo(context: TreeContext, isTo: (grant: RoleGrant) => boolean): readonly TreeNode[] {
  return context.snapshot
    .all('RoleGrant')
    .filter(isTo)
    .map((each) => objectNode(each, 'granted by', thingsOfGrant(each, context)));
}

/** Whom it selects, and how many objects ask there. */
function ofPolicy(object: IdentityPolicy, { snapshot, namespaces = [] }: TreeContext): readonly TreeNode[] {
  const counts = Map.groupBy(snapshot.objects, ({ metadata }) => metadata.namespace ?? '');
  return namespaces
    .filter((each) => selects(object, factsOf(each)))
    .map(({ metadata: { name } }) => ({
      relation: 'selects',
      text: `namespace ${name}: ${counts.get(name)?.length ?? 0} objects`,
      children: [],
    }));
}

/** A ledger, by its resource: each identity on it, and the objects that want it. */
function ofHost({ spec, status }: HostIdentity, context: TreeContext): readonly TreeNode[] {
  const lines = [
    ...(status?.entries ?? []).map(({ identityId, ...line }) => ({ azure: identityId, ...line })),
    ...(status?.systemAssigned ? [{ text: 'its own identity', ...status.systemAssigned }] : []),
  ];
  return [
    { relation: 'resource', azure: status?.hostId ?? spec.resourceId, children: [] },
    ...lines.map(({ state, owned, owners, problem, ...what }) => ({
      relation: 'has',
      ...('azure' in what ? { azure: what.azure } : { text: what.text }),
      state: {
        reason: [state, ...(owned ? [] : ['not by azid']), ...(problem ? [problem.reason] : [])].join(', '),
        ...(problem && { message: problem.message }),
      },
      children: owners.map(({ kind, namespace, name }) =>
        named(kind, `${namespace}/${name}`, 'wanted by', context),
      ),
    })),
  ];
}

function named(
  kind: 'IdentityAttachment' | 'SystemAssignedIdentity' | 'RoleGrant',
  key: string,
  relation: string,
  { snapshot }: TreeContext,
): TreeNode {
  const found = snapshot.get(kind, key);
  return found ? objectNode(found, relation) : absentNode(kind, key, relation);
}

function principalOf(object: RoleGrant, context: TreeContext): TreeNode {
  const [system] = referredSystemIdentity(object);
  if (system !== undefined) return referred('SystemAssignedIdentity', system, 'principal', context);
  const [key] = referredIdentity(object);
  if (key !== undefined) return referred('UserAssignedIdentity', key, 'principal', context);
  const { id = '', type = '' } = object.spec.principal;
  return { relation: 'principal', text: `${type} ${id}`.trim(), children: [] };
}

function identityOf({ metadata, spec }: IdentityAttachment, context: TreeContext): TreeNode {
  const { identityRef, identityId } = spec;
  if (identityRef)
    return referred('UserAssignedIdentity', `${metadata.namespace}/${identityRef.name}`, 'identity', context);
  return { relation: 'identity', ...(identityId !== undefined && { azure: identityId }), children: [] };
}

function identityKeyOf({ metadata, spec }: FederatedIdentityCredential): string {
  return `${metadata.namespace}/${spec.identityRef.name}`;
}
