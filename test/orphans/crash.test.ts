import { expect, it } from 'vitest';
import type { Operator } from '../../src/operator/operator.ts';
import { sampleOf } from '../support/sample.ts';
import { useStage } from '../support/stage.ts';
import { CLAIMED, DELETING, HOUR, Orphans } from './orphan-stage.ts';

/** A process that dies before or after each of its writes while it deletes an orphan: the next one ends it, and no other thing goes. */

const stage = useStage();
const orphans = new Orphans(stage);

/** The writes of a run that deletes one thing, in their order: by what they are, and not by how many came before. */
const WRITES = ['begin', 'record', 'delete', 'confirm', 'finish'] as const;
type Write = (typeof WRITES)[number];

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

function writeOf({ method, path, body }: Request): Write | undefined {
  if (/\/orphanrecords(\/|$|\?)/.test(path)) return method === 'POST' ? 'record' : 'confirm';
  if (!/\/orphansweeps\/[^/]+\/status/.test(path)) return undefined;
  const { status } = (body ?? {}) as { status?: { run?: unknown; history?: unknown } };
  if (status?.run) return 'begin';
  return status?.history === undefined ? undefined : 'finish';
}

/** The process dies at the first write of a kind. */
class Death {
  operator: Operator | undefined;
  at: Write | undefined;
  when: 'before' | 'after' = 'before';
  died = false;

  async around<T>(what: Write | undefined, next: () => Promise<T>): Promise<T> {
    if (what === undefined || what !== this.at) return next();
    this.at = undefined;
    if (this.when === 'after') await next();
    this.operator?.kill();
    this.died = true;
    throw new Error(`killed ${this.when} ${what}`);
  }
}

const death = new Death();

const begin = async () => {
  death.at = undefined;
  death.operator = await stage.world.start({
    interceptKube: (request, next) =>
      death.around(request.method === 'GET' ? undefined : writeOf(request), () =>
        Promise.resolve(next(request)),
      ),
    interceptArm: (request, next) =>
      death.around(request.method === 'DELETE' ? 'delete' : undefined, () => next()),
  });
};

const deaths = sampleOf(
  (['before', 'after'] as const).flatMap((when) => WRITES.map((at) => [when, at] as const)),
  5,
  'killed in a run of a sweep',
);

it('ends what a killed process began, whichever its last write was', { timeout: 600_000 }, async () => {
  await orphans.allow();
  await orphans.unclaimed();
  await begin();
  const living = ['lives-0', 'lives-1', 'lives-2', 'lives-3', 'lives-4'];
  for (const name of living) await stage.declare(name);
  for (const name of living) await stage.ready(name);
  const names = deaths.map(([when, at]) => `lost-${when}-${at}`);
  await orphans.orphan(...names);
  const limits = { maxShare: 100, deletionsPerRun: 0 };
  await orphans.sweep({ ...DELETING, limits });
  await orphans.run();
  await stage.world.pass(CLAIMED);
  for (const [index, [when, at]] of deaths.entries()) {
    const before = orphans.identities().length;
    Object.assign(death, { when, at, died: false });
    await orphans.sweep({
      ...DELETING,
      interval: `${10 + index}m`,
      limits: { ...limits, deletionsPerRun: 1 },
    });
    await stage.world.until(`the process to die ${when} ${at}`, () => death.died);
    if (death.operator) await stage.world.kill(death.operator);
    await begin();
    await stage.world.pass(60_000);
    await orphans.sweep({ ...DELETING, limits });
    await orphans.run();
    // One at most went in each run.
    expect(before - orphans.identities().length, `${when} ${at}`).toBeLessThanOrEqual(2);
  }
  await orphans.sweep({ ...DELETING, limits: { ...limits, deletionsPerRun: 20 } });
  await stage.world.pass(HOUR);
  await orphans.until('all orphans to be gone', () => orphans.identities().length === living.length);
  expect(orphans.identities()).toEqual(living);
  // Whatever went has its record, which says so, even where the process died before it could.
  await orphans.run();
  const records = await orphans.records();
  expect(records.map(({ spec }) => spec.id.split('/').at(-1) ?? '').sort()).toEqual(names.toSorted());
  expect(records.filter(({ spec }) => spec.deletion === undefined)).toEqual([]);
});
