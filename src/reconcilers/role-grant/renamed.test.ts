import { afterEach, beforeEach, expect, it } from 'vitest';
import { assignmentId } from '../../azure/azure-role-assignment.ts';
import { assignmentNames } from '../../azure/names/assignment-name.ts';
import { INSTALLATION, NOW } from './facts.fixture.ts';
import { GrantWorld, READER_GUID, RG, SUB, unavailable } from './observe.fixture.ts';

/** A RoleGrant was renamed while azid was away: the old one goes, a new one asks for the very same, and a policy allows it. */

let world: GrantWorld;
let id: string;
let web: string;
beforeEach(async () => {
  world = await GrantWorld.start();
  web = world.identity('web');
  id = assignmentId(
    RG,
    assignmentNames(INSTALLATION, { scope: RG, role: READER_GUID, principalId: web })[0] ?? '',
  );
  await world.put(id, web, READER_GUID, `[azid ${INSTALLATION}: shop/read]`);
  world.caches.assignments.use('somebody', [SUB]);
  await world.caches.assignments.whenLoaded(SUB);
  await world.caches.roles.cache.whenLoaded(SUB);
});
afterEach(() => world[Symbol.asyncDispose]());

const decided = async (priority: 'event' | 'resync') => {
  const status = {
    observedGeneration: 1,
    assignmentId: id,
    principalId: web,
    identityId: `${RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`,
    ledger: [id],
  };
  const deletionTimestamp = new Date(NOW - 60_000).toISOString().replace('.000Z', 'Z');
  const going = world.grant('read', {}, status, { deletionTimestamp });
  world.grant('read-anew');
  return (await world.see(going, priority)).decision.actions.map(({ type }) => type);
};

it('control: where the identity is known, the assignment stays', async () => {
  expect(await decided('event')).not.toContain('deleteAssignment');
});

it('the assignment stays while the identities are not listed yet, as after a start', async () => {
  expect(await decided('resync')).not.toContain('deleteAssignment');
});

it('the assignment stays while Azure does not show the identity', async () => {
  world.failing.set('userAssignedIdentities', unavailable);
  expect(await decided('event')).not.toContain('deleteAssignment');
});
