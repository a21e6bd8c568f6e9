/** What each kind of object has, or asks for, in Azure and beside it: the leaves of a tree. Pure. */
import type { FederatedIdentityCredential } from '../api/federated-identity-credential.ts';
import type { AttachmentTarget, IdentityAttachment } from '../api/identity-attachment.ts';
import type { RoleGrant } from '../api/role-grant.ts';
import type { SystemAssignedIdentity } from '../api/system-assigned-identity.ts';
import type { UserAssignedIdentity } from '../api/user-assigned-identity.ts';
import type { Namespace } from '../kube/builtin.ts';
import { selectorScope } from '../reconcilers/hosts/claims/spec.ts';
import { hostIdentityName } from '../reconcilers/hosts/ensure-hosts.ts';
import type { Snapshot } from './snapshot.ts';
import { absentNode, objectNode, type TreeNode } from './tree-node.ts';

export interface TreeContext {
  readonly snapshot: Snapshot;
  /** azid's own: where its ledgers are. */
  readonly azidNamespace: string;
  /** For policies. Absent: not read. */
  readonly namespaces?: readonly Namespace[] | undefined;
}

const leaf = (node: Omit<TreeNode, 'children'>): TreeNode => ({ ...node, children: [] });

export function thingsOfIdentity({ metadata, spec, status }: UserAssignedIdentity): readonly TreeNode[] {
  const map = spec.output?.configMap?.name;
  return [
    status?.id === undefined
      ? leaf({ relation: 'in Azure', text: 'nothing yet, by its status' })
      : leaf({
          relation: 'in Azure',
          azure: status.id,
          ...(status.principalId !== undefined && { text: `principal ${status.principalId}` }),
        }),
    ...(map === undefined
      ? []
      : [leaf({ relation: 'output', object: { kind: 'ConfigMap', key: `${metadata.namespace}/${map}` } })]),
  ];
}

export function thingsOfGrant(object: RoleGrant, { snapshot }: TreeContext): readonly TreeNode[] {
  const { metadata, spec, status } = object;
  const { name, id = '' } = spec.role;
  const until = spec.expiresAt === undefined ? '' : ` until ${spec.expiresAt}`;
  const expiries = snapshot
    .all('AssignmentExpiry')
    .filter((each) => each.spec.owners.some(({ uid }) => uid === metadata.uid));
  return [
    leaf({ relation: 'grants', text: `role ${name ?? id}${until} on`, azure: spec.scope }),
    ...(status?.assignmentId === undefined
      ? []
      : [leaf({ relation: 'in Azure', azure: status.assignmentId })]),
    ...expiries.map((each) => objectNode(each, 'ends by')),
  ];
}

export function thingsOfCredential(object: FederatedIdentityCredential): readonly TreeNode[] {
  const { metadata, spec, status } = object;
  const { kubernetes, github, issuer = status?.issuer, subject = status?.subject } = spec;
  const account = kubernetes?.serviceAccount.name;
  return [
    ...(account === undefined
      ? []
      : [
          leaf({
            relation: 'trusts',
            object: { kind: 'ServiceAccount', key: `${metadata.namespace}/${account}` },
          }),
        ]),
    leaf({
      relation: account === undefined ? 'trusts' : 'as',
      text:
        subject === undefined || issuer === undefined
          ? `${github ? `GitHub ${github.organization}/${github.repository}` : 'its subject'}, not written out yet`
          : `subject ${subject} of ${issuer}`,
    }),
    ...(status?.id === undefined ? [] : [leaf({ relation: 'in Azure', azure: status.id })]),
  ];
}

/** Each resource, with azid's ledger of it where the caller may read that. */
export function thingsOfAttachment(object: IdentityAttachment, context: TreeContext): readonly TreeNode[] {
  const { spec, status } = object;
  const { resourceId, selector } = spec.target;
  const targets = status?.targets ?? [];
  const listed = targets.map((target) => hostNode('on', target.resourceId, context, target));
  if (resourceId !== undefined && !targets.some((each) => sameText(each.resourceId, resourceId)))
    return [hostNode('on', resourceId, context), ...listed];
  if (!selector) return listed;
  const { matched = 0, attached = 0 } = status ?? {};
  const tags = Object.entries(selector.tags ?? {}).map(([tag, value]) => `${tag}=${value}`);
  return [
    leaf({
      relation: 'selects',
      text: `${selector.type} ${tags.length > 0 ? `with ${tags.join(', ')}` : '(all)'}: ${matched} found, ${attached} attached, in`,
      azure: selectorScope(selector),
    }),
    ...listed,
  ];
}

export function thingsOfSystemIdentity(
  { spec, status }: SystemAssignedIdentity,
  context: TreeContext,
): readonly TreeNode[] {
  const node = hostNode('of', spec.resourceId, context);
  return [{ ...node, ...(status?.principalId !== undefined && { text: `principal ${status.principalId}` }) }];
}

function hostNode(
  relation: string,
  resourceId: string,
  { snapshot, azidNamespace }: TreeContext,
  target?: AttachmentTarget,
): TreeNode {
  const key = `${azidNamespace}/${hostIdentityName(resourceId)}`;
  const ledger = snapshot.get('HostIdentity', key);
  const reason = [target?.state, target?.reason].filter((each) => each !== undefined).join(', ');
  return {
    relation,
    azure: resourceId,
    ...(target && {
      state: { reason, ...(target.message !== undefined && { message: target.message }) },
    }),
    children: ledger ? [objectNode(ledger, 'ledger')] : [],
  };
}

/** The identity of an object that refers to one by name. */
export function referred(
  kind: 'UserAssignedIdentity' | 'SystemAssignedIdentity',
  key: string,
  relation: string,
  context: TreeContext,
): TreeNode {
  const found = context.snapshot.get(kind, key);
  if (!found) return absentNode(kind, key, relation, !isUnread(kind, context.snapshot));
  const things =
    found.kind === 'UserAssignedIdentity'
      ? thingsOfIdentity(found as UserAssignedIdentity)
      : thingsOfSystemIdentity(found as SystemAssignedIdentity, context);
  return objectNode(found, relation, things);
}

function isUnread(kind: 'UserAssignedIdentity' | 'SystemAssignedIdentity', { unread }: Snapshot): boolean {
  const plural = kind === 'UserAssignedIdentity' ? 'userassignedidentities' : 'systemassignedidentities';
  return unread.some((each) => each.plural === plural);
}

const sameText = (left: string, right: string) => left.toLowerCase() === right.toLowerCase();
