import { describe, expect, it } from 'vitest';
import type { UserAssignedIdentitySpec } from '../../src/api/user-assigned-identity.ts';
import { Journal } from '../support/journal.ts';
import { RG1, RG2, useStage } from '../support/stage.ts';
import { SUBSCRIPTION } from '../support/testbed.ts';

/**
 * What only Azure or a policy can know of a well-formed spec. Each row: stalled with a stable reason and a message that
 * names the thing and the remedy, nothing changed in Azure, no hot loop, and back again when it is put right (issue 3,
 * "What bad input gets"; docs/guarantees.md G19).
 */
const stage = useStage();
const ELSEWHERE = '99999999-2222-4333-8444-555555555555';

interface Row {
  readonly what: string;
  readonly reason: string;
  /** What the message must name. */
  readonly names: readonly string[];
  readonly spec?: UserAssignedIdentitySpec;
  wrong(): unknown;
  right(): unknown;
}

const refuse = (status: number, code: string, message: string) =>
  stage.world.azure.control.addFault({ method: 'PUT', effect: { kind: 'status', status, code, message } });
const clear = () => stage.world.azure.control.clearFaults({});

const rows: readonly Row[] = [
  {
    what: 'a missing resource group',
    reason: 'ResourceGroupNotFound',
    names: ['resource group later', 'create it'],
    spec: { resourceGroup: 'later' },
    wrong: () =>
      stage.policy(stage.namespace, { identities: { scopes: [`/subscriptions/${SUBSCRIPTION}`] } }),
    right: () => stage.world.azure.control.createResourceGroup({ name: 'later' }),
  },
  {
    what: 'a subscription that does not exist',
    reason: 'SubscriptionNotFound',
    names: [ELSEWHERE, 'correct the id'],
    spec: { subscriptionId: ELSEWHERE },
    wrong: () => stage.policy(stage.namespace, { identities: { scopes: [`/subscriptions/${ELSEWHERE}`] } }),
    right: () => stage.world.addSubscription(ELSEWHERE),
  },
  {
    what: 'a missing right',
    reason: 'AuthorizationFailed',
    names: ['Microsoft.ManagedIdentity/userAssignedIdentities/read', 'give azid’s identity a role'],
    wrong: () => stage.world.moveRights(),
    right: () => stage.world.giveRights(),
  },
  {
    what: 'a right to read only',
    reason: 'AuthorizationFailed',
    names: ['Microsoft.ManagedIdentity/userAssignedIdentities/write', RG1],
    wrong: () => stage.world.moveRights(`/subscriptions/${SUBSCRIPTION}`, 'Reader'),
    right: () => stage.world.giveRights(),
  },
  {
    what: 'a lock',
    reason: 'ScopeLocked',
    names: [RG1, 'remove the named lock'],
    wrong: () => stage.world.azure.control.lock({ scope: RG1, level: 'ReadOnly' }),
    right: () => stage.world.azure.control.unlock({ scope: RG1 }),
  },
  {
    what: 'a name that is taken',
    reason: 'AlreadyExists',
    names: [stage.id('web'), 'choose another name'],
    wrong: () => stage.world.azure.control.createIdentity({ name: 'web', resourceGroup: 'rg1' }),
    right: () => stage.world.azure.control.deleteIdentity({ id: stage.id('web') }),
  },
  {
    what: 'an Azure Policy that forbids it',
    reason: 'DisallowedByAzurePolicy',
    names: ["Resource 'web' was disallowed by policy", 'exempt it'],
    wrong: () => refuse(403, 'RequestDisallowedByPolicy', "Resource 'web' was disallowed by policy."),
    right: clear,
  },
  {
    what: 'a location where there are no identities',
    reason: 'LocationNotAvailable',
    names: ['eastus, westeurope', 'choose one of the locations'],
    wrong: () =>
      refuse(400, 'LocationNotAvailableForResourceType', "The locations are 'eastus, westeurope'."),
    right: clear,
  },
  {
    what: 'a value that Azure refuses for reasons of its own',
    reason: 'RejectedByAzure',
    names: ['InvalidTagNameCharacters', 'correct what is declared'],
    wrong: () => refuse(400, 'InvalidTagNameCharacters', 'The tag name is not valid.'),
    right: clear,
  },
  {
    what: 'a policy that does not allow the group',
    reason: 'PolicyDenied',
    names: [stage.id('web'), 'ask an administrator'],
    wrong: () => stage.policy(stage.namespace, { identities: { scopes: [RG2] } }),
    right: () => stage.policy(stage.namespace),
  },
];

describe.each(rows)('$what', ({ reason, names, spec, wrong, right }) => {
  it('stalls the object, changes nothing, is not asked in a loop, and is over when put right', async () => {
    await wrong();
    const before = stage.world.azure.control.identities({});
    const journal = new Journal();
    await stage.world.start(journal);
    await stage.declare('web', spec);
    const message = await stage.stalled('web', reason);
    for (const name of names) expect(message).toContain(name);

    const [asked, wrote] = [stage.mark, journal.kubeWrites.length];
    await stage.world.pass(10 * 60_000);
    expect(stage.world.azure.control.identities({})).toEqual(before);
    // In 10 min: a look every 5 min, give or take a tenth, which may be three, each with one refused PUT between two
    // GETs; and two resyncs, each a list and a check of rights, or a refused list that is tried again.
    const requests = stage.requests(asked);
    const ofIdentity = requests.filter(({ path }) => path.includes('/userAssignedIdentities/'));
    expect(ofIdentity.filter(({ method }) => method === 'GET').length).toBeLessThanOrEqual(6);
    expect(ofIdentity.filter(({ method }) => method !== 'GET').length).toBeLessThanOrEqual(3);
    expect(requests.length).toBeLessThanOrEqual(13);
    // Each look that tries again stores its intent before and takes it back after.
    expect(
      journal.kubeWrites.slice(wrote).filter(({ request }) => request.path.endsWith('/status')).length,
    ).toBeLessThanOrEqual(6);

    await right();
    await stage.ready('web');
  });
});

it('tags that differ only in case are distinguished from those Azure would take', async () => {
  await stage.world.start();
  await stage.declare('web', { tags: { App: 'a', app: 'b' } });
  expect(await stage.stalled('web', 'InvalidTags')).toMatch(
    /^spec\.tags: expected names that differ in more than case.*got 'app' twice/,
  );
  expect(stage.writes()).toEqual([]);
  await stage.declare('web', { tags: { app: 'b' } });
  await stage.ready('web');
});

it('a spec that is put back restores exactly what Azure had before', async () => {
  await stage.world.start();
  await stage.declare('web', { tags: { app: 'shop' } });
  await stage.ready('web');
  const before = stage.inAzure('web');
  await stage.declare('web', { tags: { App: 'shop', app: 'store' } });
  await stage.stalled('web', 'InvalidTags');
  await stage.declare('web', { tags: { app: 'shop' } });
  await stage.ready('web');
  expect(stage.inAzure('web')).toEqual(before);
  expect(stage.writes()).toEqual(['PUT web']);
});
