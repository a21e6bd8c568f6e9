import { describe, expect, it } from 'vitest';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { RG1, RG2, useStage } from '../support/stage.ts';
import { SUBSCRIPTION } from '../support/testbed.ts';

/** A copy of an identity that carries its tags: an administrator exported a template and deployed it to another group. */
const stage = useStage();

/** The list of a subscription, and no GET of one identity. */
const LIST = 'providers/Microsoft\\.ManagedIdentity/userAssignedIdentities(\\?|$)';

const copyOf = (name: string) =>
  stage.world.azure.control.createIdentity({
    name,
    resourceGroup: 'rg2',
    tags: { ...stage.inAzure(name, RG1)?.tags },
  });
const forge = (name: string, status: object) =>
  stage.cluster.patch(userAssignedIdentity.resource, `${stage.namespace}/${name}`, { status }, 'status');
const inRg2 = () => ({
  id: stage.id('web', RG2),
  coordinates: { subscriptionId: SUBSCRIPTION, resourceGroup: 'rg2', location: 'westeurope', name: 'web' },
});

it('outlives the object of the identity it was copied from', async () => {
  await stage.world.start();
  await stage.declare('web', { tags: { app: 'shop' } });
  await stage.ready('web');
  await stage.settled(60_000);
  const copy = copyOf('web');
  // A list brings it into the cache.
  await stage.settled(11 * 60_000);
  await stage.delete('web');
  await stage.gone('web');
  expect(stage.inAzure('web', RG1)).toBeUndefined();
  expect(stage.inAzure('web', RG2)?.principalId).toBe(copy.principalId);
});

describe('to which a status was pointed while no azid ran', () => {
  async function pointed() {
    const first = await stage.world.start();
    await stage.declare('web');
    const { status } = await stage.ready('web');
    await stage.settled(60_000);
    await stage.world.stop(first);
    const copy = copyOf('web');
    await forge('web', { ...status, ...inRg2(), principalId: copy.principalId });
    await stage.policy(stage.namespace, { identities: { scopes: [RG1, RG2] } });
    return { own: status?.principalId, copy };
  }

  it('does not take the place of the one that is on record', async () => {
    const { own } = await pointed();
    const before = stage.mark;
    await stage.world.start();
    const { status } = await stage.ready('web', (object) => object.status?.principalId === own);
    expect(status?.coordinates?.resourceGroup).toBe('rg1');
    await stage.settled(60_000);
    expect(stage.writes(before)).toEqual([]);
  });

  it('outlives the object, and the one that is on record goes with it', async () => {
    const { copy } = await pointed();
    await stage.delete('web');
    await stage.world.start();
    await stage.gone('web');
    expect(stage.inAzure('web', RG1)).toBeUndefined();
    expect(stage.inAzure('web', RG2)?.principalId).toBe(copy.principalId);
  });

  it('outlives the object also where the list fails that would show the one on record: the deletion waits for it', async () => {
    const { copy } = await pointed();
    stage.world.azure.control.addFault({
      method: 'GET',
      pathPattern: LIST,
      effect: { kind: 'status', status: 503 },
    });
    await stage.delete('web');
    const before = stage.mark;
    await stage.world.start();
    await stage.world.until('the wait to be told', async () =>
      ((await stage.get('web'))?.status?.conditions ?? []).some(
        ({ type, status, message }) =>
          type === 'DeletionBlocked' && status === 'True' && message.includes('may leave it out'),
      ),
    );
    await stage.settled(60_000);
    expect(stage.writes(before)).toEqual([]);
    stage.world.azure.control.clearFaults({});
    await stage.gone('web');
    expect(stage.inAzure('web', RG1)).toBeUndefined();
    expect(stage.inAzure('web', RG2)?.principalId).toBe(copy.principalId);
  });
});
