import { describe, expect, it } from 'vitest';
import { readMessage } from '../../src/hints/events/read-message.ts';
import type { Hint } from '../../src/hints/hint.ts';
import { variantsOf } from '../support/hidden-messages.ts';
import { HostStage, identityIdOf, RG1, vmId } from '../support/kinds/hosts.ts';
import type { World } from '../support/testbed.ts';
import { RESYNC } from '../support/trail.ts';
import { useWorld } from '../support/use-world.ts';

/**
 * Events only hasten what a resync would find (docs/guarantees.md G1): each message that Event Grid sends of somebody else's changes
 * is lost, doubled, or comes after the next one, one at a time. What azid makes of it, and how often it writes, is the same.
 */
let world: World;
let stage: HostStage;
let queue: string;
useWorld(async (ground) => {
  world = ground.world;
  stage = new HostStage(ground.cluster, world);
  await stage.prepare();
  const { control } = world.azure;
  control.createServiceBusNamespace({ name: 'simulated', resourceGroup: 'azid-system' });
  queue = control.createQueue({ namespace: 'simulated', name: 'events' }).id;
  const topic = control.createSystemTopic({ name: 'all', resourceGroup: 'azid-system' }).id;
  control.createEventSubscription({ topic, name: 'to-queue', queue });
});

const VERSIONS: readonly (readonly [RegExp, string])[] = [
  [/managedidentity/i, '2024-11-30'],
  [/authorization/i, '2022-04-01'],
  [/compute/i, '2024-07-01'],
];

async function byOthers(method: 'PUT' | 'PATCH' | 'DELETE', id: string, body?: object): Promise<void> {
  const version = VERSIONS.find(([of]) => of.test(id))?.[1];
  const path = `${id}?api-version=${version}`;
  const { status } = await world.azure.control.arm({ method, path, ...(body && { body }) });
  expect(status).toBeLessThan(300);
  world.azure.control.settle();
}

/** What the messages that lie in the queue come to. They are taken out of it. */
async function drained(): Promise<Hint[]> {
  const { control } = world.azure;
  const messages = control.queue({ id: queue }).messages;
  control.purgeQueue({ id: queue });
  return messages.flatMap(({ body }) =>
    readMessage(body, world.clock.now()).events.flatMap((event) => ('hint' in event ? [event.hint] : [])),
  );
}

let assignment = '';

async function recycled(vm: string): Promise<void> {
  await byOthers('DELETE', vmId(vm));
  await byOthers('PUT', vmId(vm), { location: 'westeurope', properties: {} });
}

const changes: readonly {
  readonly what: string;
  change(): Promise<void>;
  /** So many hints come of the messages that Event Grid sends of it. */
  readonly messages: number;
  readonly writes: readonly string[];
}[] = [
  {
    what: 'a grant that is removed',
    change: () => byOthers('DELETE', assignment),
    messages: 1,
    writes: ['PUT roleAssignments.create'],
  },
  {
    what: 'tags that are edited',
    change: () => byOthers('PATCH', identityIdOf('app'), { tags: { by: 'hand' } }),
    messages: 1,
    writes: ['PATCH identities.update'],
  },
  {
    what: 'an identity that is taken from a machine',
    change: () => byOthers('PATCH', vmId('vm1'), { identity: { type: 'None' } }),
    messages: 1,
    writes: ['PATCH virtualMachines.update'],
  },
  {
    what: 'a machine that is recycled',
    change: () => recycled('vm1'),
    messages: 2,
    writes: ['PATCH virtualMachines.update'],
  },
  {
    what: 'a machine that is recycled while the grant is removed and another machine robbed',
    async change() {
      await byOthers('PATCH', vmId('vm2'), { identity: { type: 'None' } });
      await byOthers('DELETE', assignment);
      await recycled('vm1');
    },
    messages: 4,
    writes: [...Array<string>(2).fill('PATCH virtualMachines.update'), 'PUT roleAssignments.create'],
  },
  {
    what: 'an identity that is deleted',
    change: () => byOthers('DELETE', identityIdOf('app')),
    messages: 1,
    writes: [
      'DELETE roleAssignments.delete',
      // The dead entry is taken off each machine before the living one is attached.
      ...Array<string>(4).fill('PATCH virtualMachines.update'),
      'PUT identities.createOrUpdate',
      'PUT roleAssignments.create',
    ],
  },
];

function alsoForged(hint: Hint): readonly Hint[] {
  const { correlationId: _, ...rest } = hint;
  return [hint, { ...rest, change: 'delete', id: `${RG1}/providers/Microsoft.Compute/virtualMachines/vm2` }];
}

async function declare(): Promise<void> {
  stage.createVm('vm1');
  stage.createVm('vm2');
  await world.start();
  for (const name of ['vm1', 'vm2']) await stage.attach(name);
  await stage.grantSystem('read', { principal: { identityRef: { name: 'app' } } });
  assignment = (await stage.granted('read')).status?.assignmentId ?? '';
  for (const name of ['vm1', 'vm2']) await stage.attached(name);
  await world.pass(60_000);
  await drained();
}

/** What is asked for, and what stands in Azure, principals aside: they are another's after a deletion. */
async function whole(): Promise<boolean> {
  const attached = ['vm1', 'vm2'].every((name) => stage.on(vmId(name)).join() === 'app');
  const identity = world.azure.control.identities().find((each) => each.name === 'app');
  const grant = await stage.grant('read');
  return (
    attached &&
    identity?.tags['azid-owner'] === 'team-a/app' &&
    grant?.status?.principalId === identity.principalId &&
    grant.status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'
  );
}

describe.each(changes)('$what', ({ what, change, messages, writes: expected }) => {
  it.each(variantsOf(what, messages, alsoForged))('$how', async ({ isLost, deliver }) => {
    await declare();
    const since = stage.mark;
    await change();
    const hints = await drained();
    expect(hints).toHaveLength(messages);
    for (const hint of deliver(hints)) world.operators[0]?.hints?.take(hint);
    if (!isLost) await world.until('all to be whole', whole);
    await world.pass(RESYNC);
    expect(await whole()).toBe(true);
    const writes = stage.requests(since).filter(({ method }) => method !== 'GET');
    // One for each thing that was changed, and for what hangs on it, whatever came of the messages.
    expect(writes.map(({ method, operation }) => `${method} ${operation}`).sort()).toEqual(expected);
  });
});
