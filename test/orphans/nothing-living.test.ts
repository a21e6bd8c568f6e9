import { describe, expect, it } from 'vitest';
import { CONFIRM_ORPHANS_ANNOTATION } from '../../src/api/orphan-sweep.ts';
import { MARK } from '../../src/azure/names/identity-marks.ts';
import { configMaps } from '../../src/kube/builtin.ts';
import { claimTag } from '../../src/reconcilers/orphan-sweep/run/claim.ts';
import type { Clock } from '../../src/runtime/time/clock.ts';
import { RG1, useStage } from '../support/stage.ts';
import { CLAIMED, DELETING, HOUR, Orphans } from './orphan-stage.ts';

/** Whatever makes it look as if owners were gone: nothing that lives is deleted. */

const stage = useStage();
const orphans = new Orphans(stage);

const deletions = (since: number) => stage.writes(since).filter((each) => each.startsWith('DELETE'));
const LISTS = 'providers/Microsoft\\.ManagedIdentity/userAssignedIdentities(\\?|$)';

/** With an orphan that would go, were nothing in the way: its time is over, and the claim is held. */
async function almost(living = 3): Promise<void> {
  await orphans.begin(living);
  await orphans.orphan('lost');
  await orphans.sweep({ ...DELETING, limits: { deletionsPerRun: 0 } });
  await orphans.run();
  await stage.world.pass(CLAIMED);
  expect(orphans.identities()).toContain('lost');
}

const free = () => orphans.sweep(DELETING);

async function gone(): Promise<void> {
  await orphans.until('the orphan to be gone', () => !orphans.identities().includes('lost'));
}

describe('nothing is deleted', () => {
  it('where all owners vanished at once, until a person confirms', async () => {
    await orphans.begin(0);
    await orphans.orphan('lost-a', 'lost-b', 'lost-c', 'lost-d', 'lost-e');
    const mark = stage.mark;
    await orphans.sweep(DELETING);
    await orphans.run();
    await stage.world.pass(CLAIMED);
    const stopped = await orphans.run();
    expect(orphans.reasons(stopped)).toEqual(['OwnersVanished', 'OwnersVanished']);
    expect(deletions(mark)).toEqual([]);
    const message = stopped.status?.conditions?.find(({ type }) => type === 'Stopped')?.message ?? '';
    const [, time = ''] = /to "([^"]+)"/.exec(message) ?? [];
    await orphans.annotate({ [CONFIRM_ORPHANS_ANNOTATION]: time });
    await stage.world.until('all to be gone', () => deletions(mark).length === 5);
    expect(orphans.identities()).toEqual([]);
  });

  it('where a page of a list fails', async () => {
    await almost();
    stage.world.azure.control.addFault({
      method: 'GET',
      pathPattern: LISTS,
      effect: { kind: 'status', status: 403, code: 'AuthorizationFailed', message: 'no' },
    });
    await stage.world.pass(HOUR);
    const mark = stage.mark;
    await free();
    const seen = await orphans.until(
      'the list to be doubted',
      ({ status }) => status?.conditions?.some(({ reason }) => reason === 'ScopeIncomplete') === true,
    );
    expect(orphans.candidate(seen, stage.id('lost'))?.verdict).toBe('Kept');
    expect(deletions(mark)).toEqual([]);
    stage.world.azure.control.clearFaults({});
    await stage.world.pass(HOUR);
    await gone();
  });

  it('of another installation', async () => {
    await orphans.begin(2);
    await orphans.orphan('lost');
    for (const operator of stage.world.operators) await stage.world.stop(operator);
    const key = 'azid-system/azid-installation';
    const before = await stage.cluster.get(configMaps, key);
    try {
      const mark = stage.mark;
      await stage.world.start({ installationId: '99999999-2222-4333-8444-555555555555', takeOver: true });
      await orphans.sweep(DELETING);
      const seen = await orphans.run();
      await stage.world.pass(CLAIMED);
      expect(seen.status?.candidatesTotal).toBe(0);
      expect(deletions(mark)).toEqual([]);
    } finally {
      for (const operator of stage.world.operators) await stage.world.kill(operator);
      await stage.cluster.patch(configMaps, key, { data: before?.data ?? {} });
    }
  });

  it('in a cluster that was restored, until a person confirms', async () => {
    await almost();
    const key = 'azid-system/azid-installation';
    await stage.cluster.patch(configMaps, key, { data: { claimCounter: '1', claimStart: '1' } });
    const mark = stage.mark;
    await free();
    const seen = await orphans.until('the restore to be told', (sweep) =>
      orphans.reasons(sweep).includes('ClusterRestored'),
    );
    await stage.world.pass(HOUR);
    expect(deletions(mark)).toEqual([]);
    const message = seen.status?.conditions?.find(({ type }) => type === 'Stopped')?.message ?? '';
    await orphans.annotate({ [CONFIRM_ORPHANS_ANNOTATION]: /to "([^"]+)"/.exec(message)?.[1] ?? '' });
    await stage.world.pass(CLAIMED);
    await gone();
  });

  it('while another cluster acts as the installation', async () => {
    await almost();
    const { control } = stage.world.azure;
    const own = control.identities({}).find(({ id }) => id.endsWith('/azid-controller'));
    const installation = stage.inAzure('lives-0')?.tags[MARK.installation] ?? '';
    const at = new Date(stage.world.clock.now()).toISOString();
    await control.arm({
      method: 'PATCH',
      path: `${own?.id}?api-version=2024-11-30`,
      body: { tags: { ...own?.tags, [claimTag(installation)]: `elsewhere 77 ${at.slice(0, 19)}Z` } },
    });
    const mark = stage.mark;
    await free();
    await orphans.until('the other cluster to be told', (sweep) =>
      orphans.reasons(sweep).includes('ClaimedElsewhere'),
    );
    await stage.world.pass(CLAIMED);
    expect(orphans.reasons(await orphans.run())).toContain('ClaimedElsewhere');
    expect(deletions(mark)).toEqual([]);
  });

  it('whose owner was made again during the grace period', async () => {
    await almost();
    await stage.declare('lost');
    await stage.ready('lost');
    const mark = stage.mark;
    await free();
    const seen = await orphans.run();
    expect(seen.status?.candidatesTotal).toBe(0);
    expect(deletions(mark)).toEqual([]);
    expect(orphans.identities()).toContain('lost');
  });

  it('that somebody attached between decision and deletion', async () => {
    const { control } = stage.world.azure;
    let attached = false;
    await orphans.begin(3, {
      interceptKube: async (request, next) => {
        const answer = await next(request);
        if (!attached && request.method === 'POST' && request.path.endsWith('/orphanrecords')) {
          attached = true;
          const identity = {
            type: 'UserAssigned',
            userAssignedIdentities: { [stage.id('lost')]: {} },
          } as const;
          control.createHost({ name: 'vm1', resourceGroup: 'rg1', identity });
          control.settle();
        }
        return answer;
      },
    });
    await orphans.orphan('lost');
    const mark = stage.mark;
    await orphans.sweep(DELETING);
    await orphans.run();
    await stage.world.pass(CLAIMED);
    const seen = await orphans.run();
    expect(attached).toBe(true);
    expect(orphans.candidate(seen, stage.id('lost'))).toMatchObject({ verdict: 'Kept' });
    expect(orphans.candidate(seen, stage.id('lost'))?.message).toContain('vm1');
    expect(deletions(mark)).toEqual([]);
  });

  it('with a right that somebody else gave', async () => {
    await orphans.begin(3);
    await orphans.orphan('lost');
    const { control } = stage.world.azure;
    control.grant({ principalId: stage.inAzure('lost')?.principalId ?? '', role: 'Reader', scope: RG1 });
    control.settle();
    const mark = stage.mark;
    await orphans.sweep(DELETING);
    await orphans.run();
    await stage.world.pass(CLAIMED);
    expect(orphans.candidate(await orphans.run(), stage.id('lost'))?.verdict).toBe('Kept');
    expect(deletions(mark)).toEqual([]);
  });

  it('before its time after a clock was set back', async () => {
    let offset = 0;
    const { clock } = stage.world;
    const shifted: Clock = {
      now: () => clock.now() + offset,
      monotonic: () => clock.monotonic(),
      timer: (ms, fn) => clock.timer(ms, fn),
    };
    await orphans.begin(3, { clock: shifted });
    await orphans.orphan('lost');
    await orphans.sweep({ ...DELETING, gracePeriods: { ...DELETING.gracePeriods, identities: '4h' } });
    await orphans.run();
    await stage.world.pass(CLAIMED);
    offset = -24 * HOUR;
    const seen = await orphans.run();
    const since = Date.parse(orphans.candidate(seen, stage.id('lost'))?.since ?? '');
    expect(since).toBeGreaterThan(shifted.now() - HOUR);
    await stage.world.pass(2 * HOUR);
    expect(orphans.identities()).toContain('lost');
    await stage.world.pass(3 * HOUR);
    await gone();
  });
});

describe('two sweeps with one scope', () => {
  it('leave it to the older one', async () => {
    await orphans.begin(3);
    await orphans.orphan('lost');
    const { metadata } = await orphans.sweep(DELETING);
    await orphans.run();
    // Ages are told in seconds, by the API server's clock: of two of one second the uid tells.
    const made = Date.parse(metadata.creationTimestamp) + 1_000;
    await stage.world.until('the next second of the API server', () => Date.now() >= made);
    await orphans.sweep({ ...DELETING, scopes: [RG1] }, 'zz-second');
    const second = await orphans.until(
      'the second to say so',
      (sweep) => orphans.reasons(sweep)[0] === 'ScopeTaken',
      'zz-second',
    );
    expect(second.status?.conditions?.find(({ type }) => type === 'Ready')?.message).toContain(
      'OrphanSweep all',
    );
    await stage.world.pass(CLAIMED);
    await gone();
    const records = await orphans.records();
    expect(records.map(({ spec }) => spec.sweep?.name)).toEqual(['all']);
  });
});
