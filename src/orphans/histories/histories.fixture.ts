import { volume } from '../../runtime/volume.fixture.ts';
import { createRandom } from '../../simulator/random.ts';
import { DAY, HOUR, spec } from '../sweep.fixture.ts';
import { whyAssignmentLives, whyCredentialLives, whyIdentityLives } from './oracle.fixture.ts';
import { confirm, drawStep, heal, type Stage, type Step, take } from './steps.fixture.ts';
import { Sweeper, Tally } from './sweeper.fixture.ts';
import { World } from './world.fixture.ts';

/**
 * Random histories of a cluster and its Azure. `AZID_SEED` begins elsewhere, `AZID_SEQUENCES` runs more or fewer.
 */
export const HISTORIES = volume('AZID_SEQUENCES', { everyday: 2_000, full: 10_000 });
export const SEED = Number(process.env.AZID_SEED ?? 1);
const MOST_STEPS = 40;

interface History {
  readonly seed: number;
  readonly maxShare: number;
  readonly deletionsPerRun: number;
  readonly steps: readonly Step[];
}

export function drawHistory(seed: number): History {
  const random = createRandom(seed);
  const next = () => random.next();
  const maxShare = next() < 0.3 ? 10 : 100;
  const deletionsPerRun = 1 + Math.floor(next() * 4);
  const steps = Array.from({ length: 8 + Math.floor(next() * MOST_STEPS) }, () => drawStep(next));
  return { seed, maxShare, deletionsPerRun, steps };
}

/** A cluster at work: three identities, of which two are granted and trusted, and objects that lost their finalizers. */
const OPENING: readonly Step[] = [
  ...[0, 0.4, 0.7].map((at) => ({ do: 'identity', at, how: 0 }) as const),
  ...[0, 0.4].map((at) => ({ do: 'grant', at, how: 0 }) as const),
  { do: 'credential', at: 0, how: 0 },
  { do: 'refresh', at: 0, how: 0 },
  ...[1, 2, 3].map(() => ({ do: 'reconcile', at: 0, how: 0.9 }) as const),
  { do: 'refresh', at: 0, how: 0 },
];

export function run({ maxShare, deletionsPerRun, steps }: History, tally: Tally): void {
  const world = new World();
  const how = spec({ limits: { deletionsPerRun, maxShare } });
  const stage: Stage = { world, sweepers: [new Sweeper(world, how, tally), new Sweeper(world, how, tally)] };
  for (const step of [...OPENING, ...steps]) take(stage, step);
  for (let each = 0; each < world.forced; each++) tally.add('gone by force in spite of Retain');
  settle(stage, tally);
}

/** Faults stop and nothing changes any more; a person confirms what the sweep asks for. Every orphan is deleted, or reported. */
function settle({ world, sweepers: [sweeper] }: Stage, tally: Tally): void {
  if (!sweeper) return;
  heal(world);
  for (let runs = 0; runs < 16; runs++) {
    world.time += 5 * DAY + HOUR;
    // Each is purged 30 days after it was deleted.
    if (runs > 5) for (const id of world.azure.ended.keys()) world.azure.ended.set(id, 'gone');
    world.refresh();
    sweeper.run();
    confirm(sweeper);
    // All that is left stays.
    const open = sweeper.report?.candidates.some(
      ({ verdict: { type } }) => type === 'due' || type === 'waiting',
    );
    if (runs > 0 && !open && isQuiet(world)) break;
  }
  world.refresh();
  // What is left is listed by one more run, after the one before deleted what it could.
  sweeper.run();
  const listed = new Map(sweeper.report?.candidates.map((each) => [each.key, each]));
  const { azure } = world;
  const left = [
    ...[...azure.identities.values()].filter((each) => whyIdentityLives(each, world) === undefined),
    ...[...azure.assignments.values()].filter((each) => whyAssignmentLives(each, world) === undefined),
    ...[...azure.credentials.values()].filter((each) => whyCredentialLives(each, world) === undefined),
  ];
  for (const { key } of left) {
    const candidate = listed.get(key);
    if (!candidate) throw new Error(`an orphan is neither gone nor told: ${key}`);
    const { verdict } = candidate;
    if (verdict.type !== 'kept') throw new Error(`an orphan is left: ${key}: ${JSON.stringify(candidate)}`);
    tally.add(`orphan told ${verdict.because}`);
  }
}

/** No principal is on its way from soft deletion to its end, after which its assignments are orphans. */
function isQuiet({ azure }: World): boolean {
  return [...azure.ended.values()].every((state) => state === 'gone');
}

/** The shortest that still fails, by leaving steps out. */
export function shrunk(history: History): History {
  let left = history;
  for (let at = 0; at < left.steps.length; ) {
    const shorter = { ...left, steps: left.steps.filter((_, index) => index !== at) };
    if (failureOf(shorter)) left = shorter;
    else at++;
  }
  return left;
}

export function failureOf(history: History): Error | undefined {
  try {
    run(history, new Tally());
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
