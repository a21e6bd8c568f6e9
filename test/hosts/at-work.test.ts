import { describe, expect, it } from 'vitest';
import { type Event, events } from '../../src/kube/builtin.ts';
import { conditionOf, HostStage, hostIdOf, identityIdOf, RG1, VMS } from '../support/kinds/hosts.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { trail } from '../support/trail.ts';
import { useWorld } from '../support/use-world.ts';

/**
 * Resources that Azure is at work on for somebody else: what is new on them shows no ids until the end, and is not dead,
 * however long that takes (docs/guarantees.md G5, G15).
 */

let cluster: Cluster;
let world: World;
let stage: HostStage;

useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new HostStage(cluster, world);
  await stage.prepare();
  await stage.policy({
    attachments: [{ types: ['*'], scopes: [RG1], identities: { ids: [identityIdOf('theirs')] } }],
  });
  azure().createIdentity({ name: 'theirs', resourceGroup: 'rg1' });
});

const MINUTE = 60_000;
const azure = () => world.azure.control;
const theirs = () => identityIdOf('theirs');

/** Somebody's call; its work takes so long. */
async function others(
  method: 'GET' | 'PATCH' | 'PUT',
  id: string,
  body?: object,
  minutes = 0,
): Promise<unknown> {
  const ms = minutes * MINUTE;
  azure().setKnobs({
    latencyMs: {
      'virtualMachines.update.operation': ms,
      'virtualMachines.createOrUpdate.operation': ms,
      'virtualMachineScaleSets.update.operation': ms,
    },
  });
  const answer = await azure().arm({ method, path: `${id}?api-version=2024-07-01`, body });
  expect(answer.status).toBeLessThan(300);
  return answer.body;
}

const only = (id: string) => ({ type: 'UserAssigned', userAssignedIdentities: { [id]: {} } });

/** All that was told of losses. */
const losses = async (): Promise<readonly Event[]> =>
  (await cluster.list(events)).filter(({ reason }) => reason === 'IdentityLost');

describe.each([
  { what: 'a virtual machine, for 8 min', type: VMS, minutes: 8 },
  { what: 'a scale set, for 16 min', type: 'Microsoft.Compute/virtualMachineScaleSets', minutes: 16 },
])('an identity that somebody attaches to $what', ({ type, minutes }) => {
  const id = hostIdOf(type, 'host1');

  it('is awaited by an attachment that asks for it, and found to be theirs', async () => {
    stage.createHost(type, 'host1');
    await world.start();
    const answer = await others('PATCH', id, { identity: only(theirs()) }, minutes);
    expect(answer).toMatchObject({ identity: { userAssignedIdentities: { [theirs()]: {} } } });
    expect(await others('GET', id)).toEqual(expect.objectContaining({ identity: only(theirs()) }));
    const since = stage.mark;
    await stage.attach('a1', { identityId: theirs(), target: { resourceId: id } });
    await world.pass((minutes - 1) * MINUTE);
    const waiting = await stage.present('a1');
    expect(conditionOf(waiting, 'Ready')).toMatchObject({ status: 'False', reason: 'Attaching' });
    const ready = await stage.attached('a1');
    expect(conditionOf(ready, 'Ready')?.reason).toBe('ExistsUnmanaged');
    await stage.detach('a1');
    await stage.gone(() => stage.attachment('a1'), 'the attachment');
    await world.pass(MINUTE);
    expect(stage.on(id)).toEqual(['theirs']);
    expect(stage.writes(since)).toEqual([]);
  });

  it('that azid had attached before is not renewed meanwhile', async () => {
    stage.createHost(type, 'host1');
    await world.start();
    await stage.attach('a1', { identityId: theirs(), target: { resourceId: id } });
    await stage.attached('a1');
    await world.pass(5 * MINUTE);
    const since = stage.mark;
    // Off and on again, without a look of azid's in between.
    azure().setHostIdentity({ id, identity: { type: 'None' } });
    await others('PATCH', id, { identity: only(theirs()) }, minutes);
    await stage.label('a1', { look: 'now' });
    await world.pass((minutes + 1) * MINUTE);
    await stage.attached('a1');
    expect(stage.on(id)).toEqual(['theirs']);
    expect(stage.writes(since)).toEqual([]);
  });
});

describe('a machine that somebody makes again by an operation of 8 min', () => {
  const id = hostIdOf(VMS, 'vm1');

  it('gets back what azid had attached, and nobody is blamed for a loss', async () => {
    stage.createVm('vm1');
    await world.start();
    await stage.attach('vm1', { identityId: theirs() });
    await stage.attached('vm1');
    await world.pass(5 * MINUTE);
    azure().deleteHost({ id });
    await others('PUT', id, { location: 'westeurope' }, 8);
    const since = stage.mark;
    await stage.label('vm1', { look: 'now' });
    await world.pass(12 * MINUTE);
    await stage.attached('vm1');
    expect(stage.on(id)).toEqual(['theirs']);
    expect(trail(world, since)).toEqual(['vm1 +theirs']);
    expect(await losses()).toEqual([]);
  });
});
