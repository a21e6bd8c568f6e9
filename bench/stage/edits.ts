import { federatedIdentityCredential } from '../../src/api/federated-identity-credential.ts';
import { roleGrant } from '../../src/api/role-grant.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { assignmentName } from '../../src/azure/names/assignment-name.ts';
import { IDENTITIES, identityName, ROLES } from '../../test/support/load/team.ts';
import type { Legacy } from '../../test/support/takeover.ts';
import type { Edit } from './latency.ts';
import type { Stage } from './stage.ts';

/** Edits of people, each of which azid can only answer by calls to Azure: a tag, a subject, a role, in turn. */

const KINDS = 3;
/** Those that come one after the other are about different identities: one that is being written to is waited for. */
const APART = 3;

/** The `nth` edit of all, in one of these teams; no object is edited twice until each was. */
export function editOf(stage: Stage, standing: Legacy, teams: readonly number[], nth: number): Edit {
  const kind = nth % KINDS;
  const turn = Math.floor(nth / KINDS);
  const team = teams[turn % teams.length] ?? 0;
  const round = Math.floor(turn / teams.length);
  const name = identityName(round + kind * APART);
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
      what: `tag of ${key}`,
      send: () => cluster.patch(userAssignedIdentity.resource, key, { spec }),
      isAbout: (path) => path.split('?')[0] === identity,
    };
  }
  if (kind === 1) {
    const spec = { kubernetes: { serviceAccount: { name: `edited-${nth}` } } };
    return {
      what: `subject of ${key}`,
      send: () => cluster.patch(federatedIdentityCredential.resource, key, { spec }),
      isAbout: (path) => path.startsWith(`${identity}/federatedidentitycredentials`),
    };
  }
  const [before, role] = rolesOf(Math.floor(round / IDENTITIES));
  // Reading the identity, or the assignment that goes, is work for it as well.
  const names = [before, role].map((each) => assignmentOf(standing, { group, identity, role: each }));
  return {
    what: `role of ${key}-0`,
    send: () =>
      cluster.patch(roleGrant.resource, `${namespace}/${name}-0`, { spec: { role: { name: role } } }),
    isAbout: (path) =>
      path.split('?')[0] === identity || names.some((each) => path.includes(`/roleassignments/${each}`)),
  };
}

/** Of a grant, the role before its `nth` edit, and after it. */
function rolesOf(nth: number): readonly [string, string] {
  const [first, , , ...others] = ROLES;
  const after = (n: number) => (n < 0 ? first : (others[n % others.length] ?? first));
  return [after(nth - 1), after(nth)];
}

/** GUIDs of Azure's built-in roles, the same in every tenant. */
const ROLE_GUIDS: Readonly<Record<string, string>> = {
  Reader: 'acdd72a7-3385-48ef-bd42-f606fba81ae7',
  AcrPull: '7f951dda-4ed3-4680-a7ca-43fe172d538d',
  'Monitoring Reader': '43d0d8ad-25c7-4714-9337-8ba259a9fe05',
};

/** What azid calls it: the name follows from the role. */
function assignmentOf(
  { azure, kubernetes }: Legacy,
  { group, identity, role }: { readonly group: string; readonly identity: string; readonly role: string },
): string {
  const principalId = azure.identities.find(({ id }) => id.toLowerCase() === identity)?.principalId ?? '';
  const map = kubernetes.find(({ metadata }) => metadata.name === 'azid-installation');
  const grant = { scope: group, principalId, role: ROLE_GUIDS[role] ?? '' };
  return assignmentName(map?.data?.installationId ?? '', grant);
}
