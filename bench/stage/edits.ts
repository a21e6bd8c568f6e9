import { federatedIdentityCredential } from '../../src/api/federated-identity-credential.ts';
import { roleGrant } from '../../src/api/role-grant.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { assignmentName } from '../../src/azure/names/assignment-name.ts';
import { identityName, ROLES } from '../../test/support/load/team.ts';
import type { Legacy } from '../../test/support/takeover.ts';
import type { Edit } from './latency.ts';
import type { Stage } from './stage.ts';

/** Edits of people, each of which azid can only answer by calls to Azure: a tag, a subject, a role, in turn. */

const KINDS = 3;

/** The `nth` edit of all, in one of these teams; no object is edited twice until each was. */
export function editOf(stage: Stage, standing: Legacy, teams: readonly number[], nth: number): Edit {
  const kind = nth % KINDS;
  const turn = Math.floor(nth / KINDS);
  const team = teams[turn % teams.length] ?? 0;
  const round = Math.floor(turn / teams.length);
  const name = identityName(round);
  const namespace = `team-${team}`;
  const key = `${namespace}/${name}`;
  const subscription = stage.subscriptions[team % stage.subscriptions.length];
  const group = `/subscriptions/${subscription}/resourceGroups/rg-${team}`;
  const identity =
    `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`.toLowerCase();
  const { cluster } = stage;
  if (kind === 0) {
    const spec = { tags: { app: 'shop', edited: `${nth}` } };
    return {
      send: () => cluster.patch(userAssignedIdentity.resource, key, { spec }),
      isAbout: (path) => path.split('?')[0] === identity,
    };
  }
  if (kind === 1) {
    const spec = { kubernetes: { serviceAccount: { name: `edited-${nth}` } } };
    return {
      send: () => cluster.patch(federatedIdentityCredential.resource, key, { spec }),
      isAbout: (path) => path.startsWith(`${identity}/federatedidentitycredentials`),
    };
  }
  const role = ROLES[3 + (round % 20 >= 10 ? 1 : 0)] ?? '';
  const assignment = newAssignment(standing, { group, identity, role });
  return {
    send: () =>
      cluster.patch(roleGrant.resource, `${namespace}/${name}-0`, { spec: { role: { name: role } } }),
    isAbout: (path) => path.includes(`/roleassignments/${assignment}`),
  };
}

/** GUIDs of Azure's built-in roles, the same in every tenant. */
const ROLE_GUIDS: Readonly<Record<string, string>> = {
  AcrPull: '7f951dda-4ed3-4680-a7ca-43fe172d538d',
  'Monitoring Reader': '43d0d8ad-25c7-4714-9337-8ba259a9fe05',
};

/** What azid will call what the edit asks for: its name follows from the role. */
function newAssignment(
  { azure, kubernetes }: Legacy,
  { group, identity, role }: { readonly group: string; readonly identity: string; readonly role: string },
): string {
  const principalId = azure.identities.find(({ id }) => id.toLowerCase() === identity)?.principalId ?? '';
  const map = kubernetes.find(({ metadata }) => metadata.name === 'azid-installation');
  const grant = { scope: group, principalId, role: ROLE_GUIDS[role] ?? '' };
  return assignmentName(map?.data?.installationId ?? '', grant);
}
