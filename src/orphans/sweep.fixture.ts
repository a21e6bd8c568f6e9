import { assignmentName } from '../azure/names/assignment-name.ts';
import { credentialName } from '../azure/names/credential-name.ts';
import { MAKERS, ownerMarks } from '../azure/names/identity-marks.ts';
import { armKey, identityId } from '../azure/names/resource-id.ts';
import type { ShownAssignment } from './objects.ts';
import type {
  ObservedAssignment,
  ObservedCredential,
  ObservedIdentity,
  ObservedOwner,
  SweepObservation,
} from './observed.ts';
import type { Candidate, Memory, Remembered } from './report.ts';
import type { SweepSpec } from './spec.ts';
import { assignmentInstance, credentialInstance, identityInstance } from './traits.ts';

/** Builders for tables: an orphan of each type, and an observation in which nothing keeps it. */

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const NOW = Date.parse('2026-11-29T12:00:00Z');
export const INSTALLATION = 'b7d8a1f0-0000-4000-8000-000000000001';
export const OTHER = 'b7d8a1f0-0000-4000-8000-000000000002';
const SUB = '/subscriptions/00000000-0000-4000-8000-00000000000a';
export const SCOPE = `${SUB}/resourceGroups/rg1`;
export const PRINCIPAL = 'aaaaaaaa-0000-4000-8000-000000000001';
export const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
export const SELF = {
  clientId: 'ffffffff-0000-4000-8000-000000000001',
  principalId: 'ffffffff-0000-4000-8000-000000000002',
};

export const idOf = (name: string) =>
  identityId({ subscriptionId: '00000000-0000-4000-8000-00000000000a', resourceGroup: 'rg1', name });

export const WEB = { installationId: INSTALLATION, namespace: 'shop', name: 'web', uid: 'uid-web' };
/** Who keeps it is azid as it signs in here. */
export const MADE_HERE = { [MAKERS]: SELF.principalId };
export const MARKS = { ...ownerMarks(WEB), ...MADE_HERE };

export function shownAssignment(
  change: Partial<ShownAssignment> = {},
): ShownAssignment & { createdOn: number; madeBy: readonly string[] } {
  const { principalId = PRINCIPAL, scope = SCOPE } = change;
  const name = assignmentName(INSTALLATION, { scope, role: READER, principalId });
  const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
  const description = `[azid ${INSTALLATION}: shop/read]`;
  return {
    id,
    key: armKey(id),
    name,
    scope,
    roleGuid: READER,
    principalId,
    description,
    createdOn: NOW - 30 * DAY,
    madeBy: [SELF.principalId],
    ...change,
  };
}

export function identity(change: Partial<ObservedIdentity> = {}): ObservedIdentity {
  const { id = idOf('web'), principalId = PRINCIPAL } = change;
  return {
    id,
    key: armKey(id),
    scope: SCOPE,
    owner: { state: 'gone', owner: 'shop/web', uid: WEB.uid },
    instance: identityInstance({ principalId }),
    madeBy: [SELF.principalId],
    principalId,
    clientId: `client-${principalId}`,
    tags: MARKS,
    hanging: [],
    leftovers: [],
    ...change,
  };
}

export function assignment(change: Partial<ObservedAssignment> = {}): ObservedAssignment {
  const { id, key, principalId, createdOn } = shownAssignment(
    change.principalId === undefined ? {} : { principalId: change.principalId },
  );
  return {
    id,
    key,
    scope: SCOPE,
    owner: { state: 'gone', owner: 'shop/read' },
    instance: assignmentInstance({ principalId, createdOn }),
    madeBy: [SELF.principalId],
    createdAt: createdOn,
    principalId,
    roleDefinitionId: READER,
    at: SCOPE,
    principal: { state: 'present' },
    ...change,
  };
}

export const CREDENTIAL_NAME = credentialName(INSTALLATION, { namespace: 'shop', name: 'ci' });

export function credential(change: Partial<ObservedCredential> = {}): ObservedCredential {
  const trust = { issuer: 'https://issuer.example', subject: 'system:serviceaccount:shop:ci' };
  const id = `${idOf('web')}/federatedIdentityCredentials/${CREDENTIAL_NAME}`;
  return {
    id,
    key: armKey(id),
    scope: SCOPE,
    owner: { state: 'gone', owner: 'shop/ci' },
    instance: credentialInstance(PRINCIPAL, trust),
    madeBy: [SELF.principalId],
    identityId: idOf('web'),
    principalId: PRINCIPAL,
    name: CREDENTIAL_NAME,
    ...trust,
    ...change,
  };
}

export function observed(change: Partial<SweepObservation> = {}): SweepObservation {
  return {
    now: NOW,
    installationId: INSTALLATION,
    self: SELF,
    objects: 10,
    areas: [{ scope: SCOPE, state: 'complete' }],
    doubts: [],
    identities: [],
    assignments: [],
    credentials: [],
    foreignDead: [],
    ...change,
  };
}

export function spec(change: Partial<SweepSpec> = {}): SweepSpec {
  return {
    mode: 'Delete',
    gracePeriodsMs: { Identity: 7 * DAY, RoleAssignment: DAY, FederatedIdentityCredential: DAY },
    limits: { deletionsPerRun: 20, maxShare: 10 },
    makers: { former: [] },
    ...change,
  };
}

export const NOTHING: Memory = { since: new Map() };

/** What the run after this one remembers. */
export function remember(candidates: readonly Candidate[]): Memory {
  return { since: new Map(candidates.map((each) => [each.key, each])) };
}

type Listed = { readonly key: string; readonly instance: string; readonly owner?: ObservedOwner };

/** All of these have been listed, with nothing to keep them, for so long. */
export function listedFor(ms: number, things: readonly Listed[], change: Partial<Remembered> = {}): Memory {
  const since = NOW - ms;
  const remembered = ({ instance, owner }: Listed): Remembered => ({
    instance,
    reason: 'OwnerGone',
    ...(owner && 'owner' in owner && { owner: owner.owner }),
    ...(owner?.state === 'gone' && owner.uid !== undefined && { ownerUid: owner.uid }),
    since,
    clearSince: since,
    ...change,
  });
  return { since: new Map(things.map((thing) => [thing.key, remembered(thing)])) };
}
