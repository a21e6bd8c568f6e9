import type { Applied } from '../../../src/kube/client.ts';
import { VMS, vmId } from '../kinds/hosts.ts';
import { SUBSCRIPTION, type World } from '../testbed.ts';

/**
 * A team of 50 objects in the mix that azid is measured with: 10 identities, a credential on each, 23 grants, and 7
 * attachments, of which one chooses its resources by a tag. Identities bear the same names in every team: people call them so.
 */

export const TEAM_SIZE = 50;
export const IDENTITIES = 10;
const GRANTS = 23;
const NAMED_ATTACHMENTS = 6;
const NAMED_MACHINES = 4;
const SELECTED_MACHINES = 3;
/** The first three are granted, the others may be: an edit moves a grant there. */
export const ROLES = [
  'Reader',
  'Storage Blob Data Reader',
  'Key Vault Secrets User',
  'AcrPull',
  'Monitoring Reader',
] as const;
const API = { apiVersion: 'azid.dev/v1alpha1' };

export interface Team {
  readonly namespace: string;
  readonly resourceGroup: string;
}

export const identityName = (at: number) => `app-${at % IDENTITIES}`;
export const groupId = ({ resourceGroup }: Team) =>
  `/subscriptions/${SUBSCRIPTION}/resourceGroups/${resourceGroup}`;

/** Its machines, which somebody else made. */
export function makeMachines({ azure: { control } }: World, { namespace, resourceGroup }: Team): void {
  for (let at = 0; at < NAMED_MACHINES; at++) control.createHost({ name: `vm-${at}`, resourceGroup });
  for (let at = 0; at < SELECTED_MACHINES; at++)
    control.createHost({ name: `node-${at}`, resourceGroup, tags: { fleet: namespace } });
}

/** Namespace and policy: what the platform's engineers declare for a team. */
export function groundOf(team: Team): Applied[] {
  const { namespace, resourceGroup } = team;
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    {
      ...API,
      kind: 'IdentityPolicy',
      metadata: { name: namespace },
      spec: {
        namespaces: { names: [namespace] },
        identities: { scopes: [groupId(team)] },
        defaults: { subscriptionId: SUBSCRIPTION, resourceGroup, location: 'westeurope' },
        grants: [{ roles: [...ROLES], scopes: [groupId(team)] }],
        federation: [{ issuers: ['cluster'], subjects: ['system:serviceaccount:$(namespace):*'] }],
        attachments: [{ types: [VMS], scopes: [groupId(team)], selectors: true }],
      },
    },
  ];
}

export function identitiesOf({ namespace }: Team): Applied[] {
  return objects(namespace, 'UserAssignedIdentity', IDENTITIES, (at) => ({
    name: identityName(at),
    spec: { tags: { app: 'shop', part: `${at}` } },
  }));
}

export function credentialsOf({ namespace }: Team): Applied[] {
  return objects(namespace, 'FederatedIdentityCredential', IDENTITIES, (at) => ({
    name: identityName(at),
    spec: {
      identityRef: { name: identityName(at) },
      kubernetes: { serviceAccount: { name: identityName(at) } },
    },
  }));
}

/** Each identity gets one role after the other on the team's group. */
export function grantsOf(team: Team, count = GRANTS): Applied[] {
  return objects(team.namespace, 'RoleGrant', count, (at) => {
    const role = Math.floor(at / IDENTITIES);
    return {
      name: `${identityName(at)}-${role}`,
      spec: {
        principal: { identityRef: { name: identityName(at) } },
        role: { name: ROLES[role] },
        scope: groupId(team),
      },
    };
  });
}

export function attachmentsOf({ namespace, resourceGroup }: Team): Applied[] {
  const named = objects(namespace, 'IdentityAttachment', NAMED_ATTACHMENTS, (at) => ({
    name: `named-${at}`,
    spec: {
      identityRef: { name: identityName(at) },
      target: { resourceId: vmId(`vm-${at % NAMED_MACHINES}`).replace('/rg1/', `/${resourceGroup}/`) },
    },
  }));
  const selector = {
    subscriptionId: SUBSCRIPTION,
    resourceGroup,
    type: VMS,
    tags: { fleet: namespace },
  };
  const fleet = objects(namespace, 'IdentityAttachment', 1, () => ({
    name: 'fleet',
    spec: { identityRef: { name: identityName(9) }, target: { selector } },
  }));
  return [...named, ...fleet];
}

/** All 50, as a Git repository holds them. */
export function objectsOf(team: Team): Applied[] {
  return [...identitiesOf(team), ...credentialsOf(team), ...grantsOf(team), ...attachmentsOf(team)];
}

/** How many of them a kind has: `RoleGrant` 23. */
export function countedByKind(all: readonly Applied[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    [...Map.groupBy(all, ({ kind }) => kind)].map(([kind, some]) => [kind, some.length]),
  );
}

function objects(
  namespace: string,
  kind: string,
  count: number,
  make: (at: number) => { readonly name: string; readonly spec: object },
): Applied[] {
  return Array.from({ length: count }, (_, at) => {
    const { name, spec } = make(at);
    return { ...API, kind, metadata: { namespace, name }, spec };
  });
}
