import { expect, it } from 'vitest';
import type { Operator } from '../../src/operator/operator.ts';
import { useStage } from '../support/stage.ts';
import { CLAIMED, DELETING, HOUR, Orphans } from './orphan-stage.ts';

/** A process that dies before or after each of its writes while it deletes an orphan: the next one ends it, and no other thing goes. */

const stage = useStage();
const orphans = new Orphans(stage);

/** Of the writes that follow, the one at which the process dies. */
class Death {
  operator: Operator | undefined;
  left = Number.POSITIVE_INFINITY;
  when: 'before' | 'after' = 'before';
  at = '';

  async around<T>(what: string, next: () => Promise<T>): Promise<T> {
    if (--this.left !== 0) return next();
    this.at = what;
    if (this.when === 'after') await next();
    this.operator?.kill();
    throw new Error(`killed ${this.when} ${what}`);
  }
}

const death = new Death();
const isKubeWrite = ({ method, path }: { method: string; path: string }) =>
  method !== 'GET' && !path.includes('/events') && /orphan|azid-installation/.test(path);

const begin = async () => {
  death.left = Number.POSITIVE_INFINITY;
  death.operator = await stage.world.start({
    interceptKube: (request, next) =>
      isKubeWrite(request)
        ? death.around(`${request.method} ${request.path}`, () => Promise.resolve(next(request)))
        : Promise.resolve(next(request)),
    interceptArm: (request, next) =>
      request.method === 'DELETE' || request.method === 'PATCH'
        ? death.around(`${request.method} ${request.url}`, () => next())
        : next(),
  });
};

const WRITES = 6;
const deaths = (['before', 'after'] as const).flatMap((when) =>
  Array.from({ length: WRITES }, (_, at) => [when, at + 1] as const),
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
  const seen = new Set<string>();
  for (const [when, at] of deaths) {
    const before = orphans.identities().length;
    death.when = when;
    death.left = at;
    await orphans.sweep({ ...DELETING, interval: `${10 + at}m`, limits: { ...limits, deletionsPerRun: 1 } });
    await stage.world.until(`the process to die ${when} write ${at}`, () => death.at !== '');
    seen.add(death.at.replace(/\?.*|-[0-9a-f]{20}|lost-\w+-\d/g, ''));
    death.at = '';
    if (death.operator) await stage.world.kill(death.operator);
    await begin();
    await stage.world.pass(60_000);
    await orphans.sweep({ ...DELETING, limits });
    await orphans.run();
    // One at most went in each run, and whatever went has its record.
    expect(before - orphans.identities().length, `${when} ${at}`).toBeLessThanOrEqual(2);
  }
  // How far a process comes before it dies hangs on what a run had to write first: a status, a record, its confirmation, a deletion.
  expect(seen.size).toBeGreaterThanOrEqual(3);
  await orphans.sweep({ ...DELETING, limits: { ...limits, deletionsPerRun: 20 } });
  await stage.world.pass(HOUR);
  await orphans.until('all orphans to be gone', () => orphans.identities().length === living.length);
  expect(orphans.identities()).toEqual(living);
  const recorded = (await orphans.records()).map(({ spec }) => spec.id.split('/').at(-1) ?? '').sort();
  expect(recorded).toEqual(names.toSorted());
});
