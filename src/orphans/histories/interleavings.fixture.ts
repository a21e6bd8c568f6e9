import { armKey } from '../../azure/names/resource-id.ts';
import { volume } from '../../runtime/volume.fixture.ts';
import { createRandom } from '../../simulator/random.ts';
import { evaluate } from '../evaluate.ts';
import type { OrphanType } from '../observed.ts';
import type { Memory } from '../report.ts';
import { DAY, idOf, NOTHING, remember, spec } from '../sweep.fixture.ts';
import { observe } from './observe.fixture.ts';
import { Pass } from './pass.fixture.ts';
import { type Step, take } from './steps.fixture.ts';
import type { Tally } from './sweeper.fixture.ts';
import { World } from './world.fixture.ts';

/**
 * A sweep that is about to delete, a reconcile, and another tool: every order of their steps. Which of the outsiders' steps come together
 * is drawn by `AZID_SEED`; `AZID_SEQUENCES` is how many such meetings there are of each sweep and each reconcile.
 */
export const SEED = Number(process.env.AZID_SEED ?? 1);
export const MEETINGS = Math.ceil(volume('AZID_SEQUENCES', { everyday: 2_000, full: 10_000 }) / 1_000);

const step = (what: Step['do'], at = 0, how = 0): Step => ({ do: what, at, how });
const LAST = 0.999;

/** What azid and the users of the cluster do meanwhile; the watch brings it a step later, and the reconcile comes after that. */
const RECONCILES: Readonly<Record<string, readonly Step[]>> = {
  'its object is made anew': [step('identity'), step('refreshStores'), step('reconcile', 0, LAST)],
  'it is made anew and stripped again': [step('identity'), step('reconcileSeen'), step('strip', LAST)],
  'it is made anew and left on purpose': [step('identity'), step('reconcileSeen'), step('retain', LAST)],
  'it is made anew and deleted': [step('identity'), step('reconcileSeen'), step('delete', LAST)],
  'another object wants its id': [step('adopt', 0, LAST), step('refreshStores'), step('reconcile', 0, LAST)],
  'its grant is made anew': [step('grant'), step('refreshStores'), step('reconcile', 0, LAST)],
  'its credential is made anew': [step('credential'), step('refreshStores'), step('reconcile', 0, LAST)],
  'an attachment waits for it': [step('attachment'), step('refreshStores')],
  'a host has it in its ledger': [step('host'), step('refreshStores')],
  'all is made anew': [step('identity'), step('grant'), step('reconcileSeen')],
  'the cluster is emptied': [step('emptyCluster'), step('refreshStores')],
  'the claim is lost': [step('anotherCluster', 0, 0.1)],
};

const OUTSIDE: readonly Step[] = [
  step('attach'),
  step('detach'),
  step('foreignGrant'),
  step('federate'),
  ...[0, 0.2, 0.4, 0.6, 0.7, 0.9].map((how) => step('retag', 0, how)),
  ...[0, 0.4, 0.7].map((how) => step('hide', 0, how)),
  step('copyTags'),
  step('recycle', 0, 0),
  step('recycle', 0, 0.5),
  step('recycle', 0, 0.9),
  step('describe'),
  step('revoke'),
  step('lateWrite', 0, 0),
  step('lateWrite', 0, 0.9),
  step('purge'),
  step('restorePrincipal'),
  step('refresh'),
];

const TYPES: readonly OrphanType[] = ['Identity', 'RoleAssignment', 'FederatedIdentityCredential'];

/** Every order in which the steps of several actors can come, each actor's in its own. */
export function orders(counts: readonly number[]): readonly (readonly number[])[] {
  if (counts.every((count) => count === 0)) return [[]];
  return counts.flatMap((count, actor) =>
    count === 0
      ? []
      : orders(counts.map((each, at) => (at === actor ? each - 1 : each))).map((rest) => [actor, ...rest]),
  );
}

/** A cluster at work in which one identity, with or without what was given to it, lost its owner long ago. */
function abandoned(type: OrphanType): World {
  const world = new World();
  const { azure, kube } = world;
  const made = [step('identity'), step('identity', 0.4), step('grant', 0.4)];
  const given = {
    Identity: [],
    RoleAssignment: [step('grant')],
    FederatedIdentityCredential: [step('credential')],
  }[type];
  const stage = { world, sweepers: [] };
  for (const each of [
    ...made,
    ...given,
    step('refresh'),
    step('reconcile', 0, LAST),
    step('reconcile', 0, LAST),
  ])
    take(stage, each);
  for (const { namespace, name } of [...kube.objects])
    if (name.startsWith('web'))
      for (const each of kube.objects)
        if (each.namespace === namespace && each.name === name) kube.remove(each);
  if (!azure.identities.has(armKey(idOf('web')))) throw new Error('expected an identity to abandon');
  world.refresh();
  return world;
}

const HOW = spec({ limits: { deletionsPerRun: 9, maxShare: 100 } });

interface Beginning {
  readonly before: World;
  /** Of an earlier run, which listed it. */
  readonly memory: Memory;
}

const beginnings = new Map<OrphanType, Beginning>();

function beginning(type: OrphanType): Beginning {
  const known = beginnings.get(type);
  if (known) return known;
  const before = abandoned(type);
  const memory = remember(evaluate(observe(before), NOTHING, HOW, 0).candidates);
  before.time += 10 * DAY;
  const made = { before, memory };
  beginnings.set(type, made);
  return made;
}

function runOrder(type: OrphanType, actors: readonly (readonly Step[])[], order: readonly number[]): string {
  const { before, memory } = beginning(type);
  const world = new World(before);
  const pass = new Pass(world, HOW, type, memory);
  const stage = { world, sweepers: [] };
  const done = [0, 0, 0];
  for (const actor of order) {
    const at = done[actor] ?? 0;
    done[actor] = at + 1;
    if (actor === 0) pass.steps[at]?.();
    else {
      const next = actors[actor - 1]?.[at];
      if (next) take(stage, next);
    }
  }
  return pass.outcome ?? 'none';
}

/** Gives how many orders there were. */
export function runAll(tally: Tally): number {
  const random = createRandom(SEED);
  const draw = () => OUTSIDE[Math.floor(random.next() * OUTSIDE.length)] ?? step('attach');
  const steps = new Pass(new World(), HOW, 'Identity', NOTHING).steps.length;
  let count = 0;
  for (const type of TYPES)
    for (const [what, reconcile] of Object.entries(RECONCILES))
      for (let meeting = 0; meeting < MEETINGS; meeting++) {
        // Eight steps in all.
        const outside = Array.from({ length: 8 - steps - reconcile.length }, draw);
        for (const order of orders([steps, reconcile.length, outside.length])) {
          count++;
          try {
            tally.add(runOrder(type, [reconcile, outside], order));
          } catch (error) {
            const told = `${type}; ${what}; outside: ${JSON.stringify(outside)}; order ${order.join('')}`;
            throw new Error(`seed ${SEED}: ${(error as Error).message}: ${told}`, { cause: error });
          }
        }
      }
  return count;
}
