import { armKey } from '../../../azure/names/resource-id.ts';
import type { Outcome } from '../../../runtime/outcome.ts';
import { volume } from '../../../runtime/volume.fixture.ts';
import { createRandom } from '../../../simulator/random.ts';
import { drawStep, type Step, take } from './steps.fixture.ts';
import { Batch, idOf, NAMED, VMS, type World } from './world.fixture.ts';

/**
 * Random sequences of everything that can happen to a host, against the simulator's: foreign identities stay untouched,
 * the system-assigned one is kept, every write has its intent in the ledger, and in the end things are as declared.
 * `AZID_SEED` begins elsewhere, `AZID_SEQUENCES` runs more or fewer. Two test files share them, so that two processors can.
 */

export const SEQUENCES = volume('AZID_SEQUENCES', { everyday: 2_000, full: 10_000 });
const SEED = Number(process.env.AZID_SEED ?? 1);
/** Of one simulator: what it remembers makes it slower. */
const PER_BATCH = 1_000;
const MOST_STEPS = 10;
/** Far more than any sequence needs: azid must not write without end. */
const MOST_PATCHES = 60;

interface Sequence {
  readonly seed: number;
  readonly type: string;
  readonly steps: readonly Step[];
}

const TYPES: readonly (readonly [share: number, type: string])[] = [
  [0.6, VMS],
  [0.75, 'Microsoft.Web/sites'],
  [0.85, 'Microsoft.Storage/storageAccounts'],
  [1, 'Microsoft.App/containerApps'],
];

function drawSequence(seed: number): Sequence {
  const random = createRandom(seed);
  const next = () => random.next();
  const share = next();
  const type = TYPES.find(([upTo]) => share < upTo)?.[1] ?? '';
  const count = 1 + Math.floor(next() * MOST_STEPS);
  // azid does not look at each change by itself.
  const steps = Array.from({ length: count }, (): Step => {
    const step = drawStep(next, type === VMS);
    return next() < 0.35 ? { ...step, unseen: true } : step;
  });
  return { seed, type, steps };
}

async function run(batch: Batch, { type, steps }: Sequence): Promise<void> {
  const world = batch.begin(type);
  try {
    for (const step of steps) {
      await take(world, step);
      if (step.do !== 'pass' && !step.unseen) await world.reconcile();
    }
    await settle(world);
  } finally {
    await batch.end();
  }
}

/** Nobody does anything any more, and what stood in the way is gone: azid comes to its end, and rests. */
async function settle(world: World): Promise<void> {
  const { control, kube } = world;
  world.refusal = undefined;
  world.meddling = undefined;
  world.process.dieAt(undefined);
  world.allow(true);
  world.others(() => {
    for (const name of NAMED)
      if (!control.identities().some(({ id }) => armKey(id) === armKey(idOf(name))))
        control.createIdentity({ name, resourceGroup: 'rg1' });
    if (!world.host) world.make();
  });
  // Twice, with the next list in between: only that shows what others did.
  let rested = 0;
  for (let reconciles = 0; rested < 2; reconciles++) {
    if (reconciles > 80) throw new Error(`no rest: ${JSON.stringify(world.ledger?.status)}`);
    const before = world.patches;
    const outcome = await world.reconcile();
    const isDone = outcome === undefined || outcome.type === 'done';
    rested = isDone && world.patches === before ? rested + 1 : 0;
    if (rested < 2) await world.pass(isDone ? 660_000 : pauseOf(outcome));
    takeOffDead(world);
  }
  const { host } = world;
  const living = new Map(control.identities().map((each) => [armKey(each.id), each.principalId]));
  const wrong = host ? world.model.verdict(host, kube.stores, living) : ['the host is gone'];
  const isWanted = kube.stores.attachments.size + kube.stores.systemIdentities.size > 0;
  if (!isWanted && world.ledger) wrong.push('nobody wants anything, and its ledger is still there');
  if (isWanted && world.ledger?.status?.conditions?.find(({ type }) => type === 'Ready')?.status !== 'True')
    wrong.push('it is not Ready');
  if (world.patches > MOST_PATCHES) wrong.push(`${world.patches} writes`);
  if (wrong.length > 0)
    throw new Error(
      `${wrong.join('; ')}; on it: ${JSON.stringify(host?.attached)}; ${JSON.stringify(world.ledger?.status)}`,
    );
}

/** Somebody does what azid asks for: takes off the dead entries that azid says are not its own. */
function takeOffDead(world: World): void {
  const { host, ledger, model, control } = world;
  const asked = (ledger?.status?.entries ?? []).filter(
    ({ problem }) => problem?.reason === 'DeadIdentityOnHost',
  );
  if (asked.length === 0 || !host || world.closed) return;
  const own = asked.find(({ identityId }) => model.isOfAzid(armKey(identityId)));
  if (own) throw new Error(`azid takes its own for somebody else's: ${JSON.stringify(own)}`);
  const keys = new Set(asked.map(({ identityId }) => armKey(identityId)));
  const left = host.attached.filter(({ id }) => !keys.has(armKey(id)));
  const types = [...(host.system ? ['SystemAssigned'] : []), ...(left.length > 0 ? ['UserAssigned'] : [])];
  const identity = {
    type: types.join(', ') || 'None',
    ...(left.length > 0 && { userAssignedIdentities: Object.fromEntries(left.map(({ id }) => [id, {}])) }),
  };
  world.others(() => control.setHostIdentity({ id: world.hostId, identity }));
}

function pauseOf(outcome: Outcome): number {
  switch (outcome.type) {
    case 'done':
      return outcome.nextMs ?? 0;
    case 'again':
      return Math.max(1_000, outcome.afterMs);
    case 'waiting':
    case 'stalled':
      return outcome.recheckMs;
    case 'heldBack':
    case 'retry':
      return Math.max(5_000, outcome.notBeforeMs ?? 0);
  }
}

/** The shortest sequence that still fails, by leaving steps out. */
async function shrunk(sequence: Sequence): Promise<Sequence> {
  let left = sequence;
  for (let at = 0; at < left.steps.length; ) {
    const shorter = { ...left, steps: left.steps.filter((_, index) => index !== at) };
    if (await failureOf(shorter)) left = shorter;
    else at++;
  }
  return left;
}

export async function failureOf(sequence: Sequence): Promise<Error | undefined> {
  const batch = await Batch.start();
  try {
    await run(batch, sequence);
    return undefined;
  } catch (error) {
    return error as Error;
  } finally {
    await batch.azure.stop();
  }
}

/** Every second sequence, from the first or the second on; gives how many there were. */
export async function carryOut(half: 0 | 1): Promise<number> {
  let carried = 0;
  for (let begun = 0; begun < SEQUENCES; begun += PER_BATCH) {
    const batch = await Batch.start();
    try {
      for (let at = begun + half; at < Math.min(begun + PER_BATCH, SEQUENCES); at += 2) {
        await carryOutOne(batch, drawSequence(SEED + at));
        carried += 1;
      }
    } finally {
      await batch.azure.stop();
    }
  }
  return carried;
}

async function carryOutOne(batch: Batch, sequence: Sequence): Promise<void> {
  try {
    await run(batch, sequence);
  } catch (error) {
    const shortest = await shrunk(sequence);
    const again = await failureOf(shortest);
    const cause = again ?? (error as Error);
    throw new Error(`seed ${sequence.seed}: ${cause.message}\n${JSON.stringify(shortest)}`, { cause });
  }
}
