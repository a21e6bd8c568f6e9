import { describe, expect, it } from 'vitest';
import { readMessage } from '../../src/hints/events/read-message.ts';
import type { Hint } from '../../src/hints/hint.ts';
import { variantsOf } from '../support/hidden-messages.ts';
import { HostStage, hostIdOf, SUB, VMS, vmId } from '../support/kinds/hosts.ts';
import type { World } from '../support/testbed.ts';
import { RESYNC } from '../support/trail.ts';
import { useWorld } from '../support/use-world.ts';

/**
 * As hidden-events.test.ts, for resources of other types and ways in which they come and go: a slot, a scale set, a group that goes
 * with what is in it, a machine that is moved. Whatever becomes of the messages, the end and the writes are the same.
 */
let world: World;
let stage: HostStage;
let queue: string;
useWorld(async (ground) => {
  world = ground.world;
  stage = new HostStage(ground.cluster, world);
  await stage.prepare();
  for (const name of ['rg2', 'rg3']) control().createResourceGroup({ name });
  control().createServiceBusNamespace({ name: 'simulated', resourceGroup: 'azid-system' });
  queue = control().createQueue({ namespace: 'simulated', name: 'events' }).id;
  const topic = control().createSystemTopic({ name: 'all', resourceGroup: 'azid-system' }).id;
  control().createEventSubscription({ topic, name: 'to-queue', queue });
});
const control = () => world.azure.control;

const VMSS = 'Microsoft.Compute/virtualMachineScaleSets';
const SET = hostIdOf(VMSS, 'set');
const SLOT = hostIdOf('Microsoft.Web/sites/slots', 'web/staging');
const RG2 = `${SUB}/resourceGroups/rg2`;
const IN_GROUP = hostIdOf(VMS, 'vm2', RG2);
const MOVED = hostIdOf(VMS, 'vm1', `${SUB}/resourceGroups/rg3`);
const VM = { location: 'westeurope', properties: {} };

async function byOthers(method: 'PUT' | 'PATCH' | 'DELETE', id: string, body?: object): Promise<void> {
  const version = /Web/.test(id) ? '2024-04-01' : id === RG2 ? '2021-04-01' : '2024-07-01';
  const path = `${id}?api-version=${version}`;
  const { status, body: answer } = await control().arm({ method, path, ...(body && { body }) });
  expect(status, JSON.stringify(answer)).toBeLessThan(300);
  control().settle();
}

/** What the messages that lie in the queue come to. They are taken out of it. */
function drained(): Hint[] {
  const { messages } = control().queue({ id: queue });
  control().purgeQueue({ id: queue });
  return messages.flatMap(({ body }) =>
    readMessage(body, world.clock.now()).events.flatMap((event) => ('hint' in event ? [event.hint] : [])),
  );
}

interface Row {
  readonly what: string;
  /** In Azure, before anything is declared. */
  prepare(): void;
  readonly resourceId: () => string;
  /** Returns hints that the simulated Azure has no messages for. */
  change(): Promise<readonly Hint[]>;
  readonly messages: number;
  /** Where the identity is in the end. */
  readonly endsOn: () => string;
  readonly writes: readonly string[];
}

const rows: readonly Row[] = [
  {
    what: 'a slot that is made again',
    prepare() {
      stage.createHost('Microsoft.Web/sites', 'web', { kind: 'app' });
      stage.createHost('Microsoft.Web/sites/slots', 'web/staging', { kind: 'app' });
    },
    resourceId: () => SLOT,
    async change() {
      await byOthers('DELETE', SLOT);
      await byOthers('PUT', SLOT, { location: 'westeurope', kind: 'app', properties: {} });
      return [];
    },
    messages: 2,
    endsOn: () => SLOT,
    writes: ['PATCH staging'],
  },
  {
    what: 'a scale set that grows and is robbed',
    prepare() {
      stage.createHost(VMSS, 'set', { properties: { orchestrationMode: 'Uniform' }, sku: { capacity: 1 } });
    },
    resourceId: () => SET,
    async change() {
      await byOthers('PATCH', SET, { sku: { name: 'Standard_D2s_v5', capacity: 5 } });
      await byOthers('PATCH', SET, { identity: { type: 'None' } });
      return [];
    },
    messages: 2,
    endsOn: () => SET,
    writes: ['PATCH set'],
  },
  {
    what: 'a group that is deleted with a machine in it, and both made again',
    prepare() {
      stage.createHost(VMS, 'vm2', { resourceGroup: 'rg2' });
    },
    resourceId: () => IN_GROUP,
    async change() {
      await byOthers('DELETE', RG2);
      await byOthers('PUT', RG2, { location: 'westeurope' });
      await byOthers('PUT', IN_GROUP, VM);
      return [];
    },
    // The machine's own deletion is announced as well.
    messages: 3,
    endsOn: () => IN_GROUP,
    writes: ['PATCH vm2'],
  },
  {
    what: 'a machine that is moved to another group, and tagged there',
    prepare() {
      stage.createVm('vm1');
    },
    resourceId: () => vmId('vm1'),
    async change() {
      control().moveHost({ id: vmId('vm1'), resourceGroup: 'rg3' });
      // As Azure announces a move: at the group that it left, without what was moved (src/hints/events/operations.ts).
      const moved: Hint = {
        source: 'event',
        id: `${SUB}/resourceGroups/rg1`,
        operation: 'Microsoft.Resources/subscriptions/resourceGroups/moveResources/action',
        change: 'action',
        result: 'Succeeded',
        at: world.clock.now(),
      };
      await byOthers('PATCH', MOVED, { tags: { by: 'hand' } });
      return [moved];
    },
    messages: 2,
    endsOn: () => MOVED,
    writes: [],
  },
];

function alsoForged(hint: Hint): readonly Hint[] {
  const { correlationId: _, ...rest } = hint;
  return [hint, { ...rest, change: 'delete' }];
}

describe.each(rows)('$what', ({ what, prepare, resourceId, change, messages, endsOn, writes }) => {
  it.each(variantsOf(what, messages, alsoForged))('$how', async ({ isLost, deliver }) => {
    prepare();
    await world.start();
    await stage.attach('it', { target: { resourceId: resourceId() } });
    await stage.attached('it');
    await world.pass(60_000);
    drained();
    const since = stage.mark;
    const hints = [...(await change()), ...drained()];
    expect(hints).toHaveLength(messages);
    for (const hint of deliver(hints)) world.operators[0]?.hints?.take(hint);
    const whole = async () => {
      const [entry] = (await stage.ledger(endsOn()))?.status?.entries ?? [];
      return stage.on(endsOn()).join() === 'app' && entry?.state === 'Attached' && entry.owned === true;
    };
    if (!isLost) await world.until('it to be whole', whole);
    await world.pass(RESYNC);
    await world.until('it to be whole', whole);
    expect(stage.writes(since)).toEqual(writes);
  });
});
