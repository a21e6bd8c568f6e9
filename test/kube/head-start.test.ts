import { afterEach, describe, expect, it } from 'vitest';
import { leases } from '../../src/kube/builtin.ts';
import type { Interceptor } from '../../src/kube/transport/request.ts';
import { Journal } from '../support/journal.ts';
import { useStage } from '../support/stage.ts';

/** What a follower does while a leader renews, while the Lease of a dead one runs out, and when it leads. */

const LEASE_KEY = 'azid-system/azid-controller';
const stage = useStage({ operator: { leaseName: 'azid-controller', activityLog: true } });
afterEach(() => stage.cluster.delete(leases, LEASE_KEY));

const HOUR = 3_600_000;
/** Lists of a kind of azid, by the journal of one operator. */
const lists = ({ lines }: Journal) => lines.filter((line) => line === 'kube GET identityattachments').length;
const inAzure = ({ lines }: Journal) => lines.filter((line) => line.startsWith('azure'));

/** A follower beside a leader that has made `web`. */
async function two() {
  const leader = await stage.world.start({ instance: 'one' });
  await stage.declare('web');
  await stage.ready('web');
  const journal = new Journal();
  const lease: string[] = [];
  const interceptLease: Interceptor = (request, next) => {
    lease.push(request.method);
    return next(request);
  };
  const follower = await stage.world.start(
    { instance: 'two', ...journal, interceptLease },
    { follower: true },
  );
  return { leader, follower, journal, lease };
}

describe('a follower', () => {
  it('writes nothing and reads nothing of Azure in an hour beside a leader that works', async () => {
    const { leader, follower, journal, lease } = await two();
    const since = journal.lines.length;
    await stage.world.elapse(HOUR);
    await stage.declare('api');
    await stage.ready('api');
    expect([leader.working, follower.working]).toEqual([true, false]);
    expect(journal.lines.slice(since)).toEqual([]);
    expect(journal.writes).toEqual([]);
    expect(lease.filter((method) => method !== 'GET')).toEqual([]);
  });

  it('has read what it needs when the Lease of a dead leader has run out, and an edit waits for nothing more', async () => {
    const { leader, follower, journal } = await two();
    const { clock } = stage.world;
    const listed = lists(journal);
    const diedAt = clock.monotonic();
    await stage.world.kill(leader);
    await stage.annotate('web', { 'azid.dev/reconcile-requested-at': 'now' });
    await stage.declare('web', { tags: { edited: 'yes' } });
    await stage.world.until('the head start', () => inAzure(journal).length > 0);
    expect(follower.working).toBe(false);
    // The leader has given up, and nobody may take its place yet.
    expect(clock.monotonic() - diedAt).toBeGreaterThan(9_000);
    expect(clock.monotonic() - diedAt).toBeLessThan(15_000);
    await stage.world.until('it to work', () => follower.working);
    expect(clock.monotonic() - diedAt).toBeLessThanOrEqual(16_000);
    // Once, and not again after it led.
    expect(lists(journal) - listed).toBe(1);
    expect(journal.writes).toEqual([]);
    await stage.ready('web', ({ spec }) => spec.tags?.edited === 'yes');
    expect(stage.inAzure('web')?.tags.edited).toBe('yes');
  });

  it('throws away what it read when the leader is there again, and reads it anew when it leads', async () => {
    let cut = false;
    const leader = await stage.world.start({
      instance: 'one',
      // Its renewals are lost for a while; it does not notice before its own deadline.
      interceptLease: (request, next) => {
        if (cut && request.method !== 'GET') throw new Error('the path to the API server is down');
        return next(request);
      },
    });
    await stage.declare('web');
    await stage.ready('web');
    const journal = new Journal();
    const follower = await stage.world.start({ instance: 'two', ...journal }, { follower: true });
    cut = true;
    const ended = stage.world.ended(leader);
    await stage.world.until('the head start', () => inAzure(journal).length > 0);
    // A third one, which is quicker.
    const lease = await stage.cluster.get(leases, LEASE_KEY);
    const renewTime = new Date(stage.world.clock.now()).toISOString().replace('Z', '000Z');
    await stage.cluster.patch(leases, LEASE_KEY, {
      spec: { ...lease?.spec, holderIdentity: 'three', renewTime },
    });
    expect(await ended).toMatchObject({ type: 'leadershipLost' });
    await stage.world.elapse(10_000);
    expect(follower.working).toBe(false);
    const [calls, listed] = [inAzure(journal).length, lists(journal)];
    await stage.world.until('it to work', () => follower.working);
    await stage.annotate('web', { 'azid.dev/reconcile-requested-at': 'now' });
    await stage.world.until('calls to Azure', () => inAzure(journal).length > calls);
    expect(lists(journal)).toBeGreaterThan(listed);
  });
});

describe('a leader', () => {
  it('in which something is broken is followed within seconds, and its successor lists anew', async () => {
    const { leader, follower, journal } = await two();
    const { clock } = stage.world;
    const end = stage.world.ended(leader);
    const at = clock.monotonic();
    leader.fail(new Error('broken'));
    await expect(end).rejects.toThrow('broken');
    await stage.world.until('the follower to work', () => follower.working);
    expect(clock.monotonic() - at).toBeLessThan(4_000);
    expect(lists(journal)).toBe(2);
    await stage.declare('api');
    await stage.ready('api');
  });

  it('that dies in its pod is followed at once by the next container of that pod', async () => {
    const podUid = '7d1f0b7c-2d6b-4a5e-9f27-0f3f5a3c1e11';
    const leader = await stage.world.start({ instance: `pod_${podUid}_1`, podUid });
    await stage.declare('web');
    await stage.ready('web');
    await stage.world.kill(leader);
    const { clock } = stage.world;
    const at = clock.monotonic();
    await stage.world.start({ instance: `pod_${podUid}_2`, podUid });
    expect(clock.monotonic() - at).toBeLessThan(5_000);
    await stage.declare('api');
    await stage.ready('api');
  });
});
