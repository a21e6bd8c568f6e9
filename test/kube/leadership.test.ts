import { afterEach, describe, expect, it } from 'vitest';
import { configMaps, leases } from '../../src/kube/builtin.ts';
import type { Interceptor } from '../../src/kube/transport/request.ts';
import { Journal } from '../support/journal.ts';
import { RG1, useStage } from '../support/stage.ts';

const LEASE = { leaseName: 'azid-controller' };
const VM = `${RG1}/providers/Microsoft.Compute/virtualMachines/vm1`;
const LEASE_KEY = 'azid-system/azid-controller';
const stage = useStage({ operator: LEASE });
afterEach(() => stage.cluster.delete(leases, LEASE_KEY));

const holder = async () => (await stage.cluster.get(leases, LEASE_KEY))?.spec?.holderIdentity;
/** Somebody else writes itself into the Lease, as a second leader would after a partition. */
const steal = () =>
  stage.cluster.patch(leases, LEASE_KEY, {
    spec: {
      holderIdentity: 'a-stranger',
      renewTime: new Date(stage.world.clock.now()).toISOString().replace('Z', '000Z'),
    },
  });

describe('of two operators', () => {
  it('one works and the other is ready and waits', async () => {
    const leader = await stage.world.start({ instance: 'one' });
    const journal = new Journal();
    const follower = await stage.world.start({ instance: 'two', ...journal }, { follower: true });
    await stage.declare('web');
    await stage.ready('web');
    expect([leader.working, follower.working, follower.ready]).toEqual([true, false, true]);
    expect(await holder()).toBe('one');
    expect(journal.lines.filter((line) => line.startsWith('azure'))).toEqual([]);
    expect(journal.writes).toEqual([]);
  });

  it('the follower takes over at once when the leader stops in order', async () => {
    const leader = await stage.world.start({ instance: 'one' });
    const follower = await stage.world.start({ instance: 'two' }, { follower: true });
    expect(await stage.world.stop(leader)).toEqual({ type: 'stopped' });
    await stage.world.until('the follower to work', () => follower.working);
    expect(await holder()).toBe('two');
    await stage.declare('web');
    await stage.ready('web');
  });

  it('the follower goes on in mid-work when the leader dies between its PUT and its status', async () => {
    // Azure does not show the new identity yet: only the stored intent tells the follower to wait.
    stage.world.azure.control.setKnobs({ propagation: { readAfterWriteMs: 60_000, listLagMs: 60_000 } });
    let dead = false;
    const leader = await stage.world.start({
      instance: 'one',
      interceptArm: async (request, next) => {
        const answer = await next();
        if (!dead && request.method === 'PUT') {
          dead = true;
          leader.kill();
          throw new Error('killed');
        }
        return answer;
      },
    });
    const follower = await stage.world.start({ instance: 'two', azureLagMs: 120_000 }, { follower: true });
    await stage.declare('web');
    await stage.world.until('the leader to die', () => dead);
    const made = stage.inAzure('web');
    await stage.world.until('the follower to work', () => follower.working);
    const { status } = await stage.ready('web');
    expect(status?.principalId).toBe(made?.principalId);
    expect(stage.writes()).toEqual(['PUT web']);
  });
});

describe('what a process lists before it works', () => {
  /** Of each of azid's kinds, how often, and at which version. */
  const listsIn = ({ kube }: Journal): ReadonlyMap<string, readonly string[]> => {
    const lists = new Map<string, string[]>();
    for (const { request } of kube) {
      const [, plural] = /^\/apis\/azid\.dev\/[^/]+\/([a-z]+)$/.exec(request.path) ?? [];
      if (request.method !== 'GET' || plural === undefined) continue;
      lists.set(plural, [
        ...(lists.get(plural) ?? []),
        `at ${request.query?.resourceVersion ?? 'the latest'}`,
      ]);
    }
    return lists;
  };
  const start = async (instance: string, options: { readonly follower: boolean }) => {
    const journal = new Journal();
    const operator = await stage.world.start({ instance, streamLists: false, ...journal }, options);
    return { operator, journal };
  };

  it('is each kind once, as it is stored, where the last leader gave the Lease back and nobody led since', async () => {
    await stage.world.stop(await stage.world.start({ instance: 'one' }));
    const { journal } = await start('two', { follower: false });
    const lists = listsIn(journal);
    expect(lists.size).toBeGreaterThan(5);
    for (const [plural, versions] of lists) expect([plural, versions]).toEqual([plural, ['at the latest']]);
    await stage.declare('web');
    await stage.ready('web');
  });

  it('is each kind twice where somebody has led meanwhile, or nothing shows it', async () => {
    const first = await start('one', { follower: false });
    const { operator, journal } = await start('two', { follower: true });
    await stage.world.stop(first.operator);
    await stage.world.until('the follower to work', () => operator.working);
    for (const lists of [listsIn(first.journal), listsIn(journal)])
      for (const [plural, versions] of lists)
        expect([plural, versions]).toEqual([plural, ['at 0', 'at the latest']]);
  });
});

describe('a leader', () => {
  it('whose Lease is taken ends, and writes nothing from then on', async () => {
    const leader = await stage.world.start({ instance: 'one' });
    await stage.declare('web');
    await stage.ready('web');
    await steal();
    const end = stage.world.ended(leader);
    await stage.declare('api');
    expect(await end).toMatchObject({ type: 'leadershipLost', why: expect.stringContaining(LEASE_KEY) });
    expect(await holder()).toBe('a-stranger');
    const before = stage.mark;
    await stage.world.elapse(60_000);
    expect(stage.writes(before)).toEqual([]);
  });

  it('cut off from its Lease stops before another may lead, also what was under way', async () => {
    let cut = false;
    const interceptLease: Interceptor = (request, next) => {
      if (cut) throw new Error('the path to the API server is down');
      return next(request);
    };
    // The reconcile is held between its intent and its PUT until long after the renew deadline.
    const held = Promise.withResolvers<void>();
    let waiting = false;
    const leader = await stage.world.start({
      instance: 'one',
      interceptLease,
      interceptKube: async (request, next) => {
        const intent = JSON.stringify(request.body ?? '').includes('createStartedAt');
        if (intent) {
          waiting = true;
          const answer = await next(request);
          await held.promise;
          return answer;
        }
        return next(request);
      },
    });
    await stage.declare('web');
    await stage.world.until('the intent', () => waiting);
    cut = true;
    await stage.world.elapse(14_000);
    held.resolve();
    expect(await stage.world.ended(leader)).toMatchObject({ type: 'leadershipLost' });
    await stage.world.elapse(60_000);
    expect(stage.writes()).toEqual([]);
  });

  it.each([
    { at: 'storing its intent', moment: 'intent' },
    { at: 'looking at Azure', moment: 'look' },
  ])(
    'whose process stood still after $at writes nothing when it enqueues up, to neither side',
    async ({ moment }) => {
      const { clock } = stage.world;
      // Time jumps and no timer fires, as when a process is stopped: the elector has not noticed anything yet.
      let stoodStillMs = 0;
      const journal = new Journal();
      let writesBefore: readonly string[] = [];
      const standStill = (now: string) => {
        if (stoodStillMs > 0 || now !== moment) return;
        stoodStillMs = 60_000;
        writesBefore = journal.writes;
      };
      const leader = await stage.world.start({
        instance: 'one',
        clock: {
          now: () => clock.now() + stoodStillMs,
          monotonic: () => clock.monotonic() + stoodStillMs,
          timer: (ms, fn) => clock.timer(ms, fn),
        },
        interceptLease: (request, next) => {
          if (stoodStillMs > 0) throw new Error('the path to the API server is down');
          return next(request);
        },
        interceptKube: async (request, next) => {
          const answer = await journal.interceptKube(request, next);
          if (JSON.stringify(request.body ?? '').includes('createStartedAt')) standStill('intent');
          return answer;
        },
        interceptArm: async (request, next) => {
          const answer = await journal.interceptArm(request, next);
          if (request.method === 'GET' && request.url.includes('/web?')) standStill('look');
          return answer;
        },
      });
      await stage.declare('web');
      await stage.world.until('the process to stand still', () => stoodStillMs > 0);
      expect(await stage.world.ended(leader)).toMatchObject({ type: 'leadershipLost' });
      expect(journal.writes).toEqual(writesBefore);
      expect(stage.writes()).toEqual([]);
    },
  );

  it('gives the Lease back only after its last write', async () => {
    const journal = new Journal();
    const lease: string[] = [];
    const leader = await stage.world.start({
      instance: 'one',
      ...journal,
      interceptLease: async (request, next) => {
        if (request.method === 'PUT' && JSON.stringify(request.body).includes('"holderIdentity":""'))
          lease.push(`released after ${journal.lines.length}`);
        return next(request);
      },
    });
    await stage.declare('web');
    await stage.ready('web');
    await stage.world.stop(leader);
    expect(lease).toEqual([`released after ${journal.lines.length}`]);
    expect(await holder()).toBeFalsy();
  });
});

describe('an installation', () => {
  const MAP = 'azid-system/azid-installation';
  afterEach(() => stage.cluster.delete(configMaps, MAP));

  it('that was copied from another cluster is refused, and taken over only with the flag', async () => {
    const first = await stage.world.start();
    const { installationId } = (await stage.cluster.get(configMaps, MAP))?.data ?? {};
    await stage.world.stop(first);
    await stage.cluster.patch(configMaps, MAP, { data: { clusterUid: 'another-cluster' } });
    await stage.declare('web');
    await expect(stage.world.start()).rejects.toThrow(
      /seems to be a copy of another cluster.*Stop azid there and pass --take-over true here/,
    );
    expect(stage.requests()).toEqual([]);
    await stage.world.start({ takeOver: true });
    await stage.ready('web');
    expect(stage.inAzure('web')?.tags['azid-installation']).toBe(installationId);
  });

  it('keeps its id against a flag that names another', async () => {
    await stage.world.stop(await stage.world.start());
    const other = '8f14e45f-ceea-467f-a0e6-3b0d1c2f9a51';
    await expect(stage.world.start({ installationId: other })).rejects.toThrow(
      /^--installation-id: expected /,
    );
  });
});

it('a rate limit that holds reads back for 900 s holds up no stop: it ends in the grace time, the Lease last', async () => {
  const { world, cluster } = stage;
  await stage.policy(stage.namespace, {
    attachments: [{ types: ['Microsoft.Compute/virtualMachines'], scopes: [RG1] }],
    grants: [{ roles: ['Reader'], scopes: [RG1] }],
    federation: [{ issuers: ['https://issuer.example'], subjects: ['*'] }],
  });
  const order: string[] = [];
  const operator = await world.start({
    instance: 'one',
    interceptArm: (_request, next) => {
      order.push('call');
      return next();
    },
    interceptLease: async (request, next) => {
      if (request.method === 'PUT' && JSON.stringify(request.body).includes('"holderIdentity":""'))
        order.push('released');
      return next(request);
    },
  });
  await stage.declare('before');
  await stage.ready('before');
  const effect = { kind: 'status', status: 429, retryAfterSeconds: 900 } as const;
  world.azure.control.addFault({ method: 'GET', effect });
  // All that reads: reconciles of each kind, lists, the catalog of roles, and looks that no reconcile waits for.
  const id = stage.inAzure('before')?.id ?? '';
  await stage.annotate('before', { 'azid.dev/reconcile-requested-at': 'now' });
  const metadata = (name: string) => ({ name, namespace: stage.namespace });
  const common = { apiVersion: 'azid.dev/v1alpha1' };
  await cluster.apply({
    ...common,
    kind: 'RoleGrant',
    metadata: metadata('grant'),
    spec: { principal: { identityRef: { name: 'before' } }, role: { name: 'Reader' }, scope: RG1 },
  });
  await cluster.apply({
    ...common,
    kind: 'FederatedIdentityCredential',
    metadata: metadata('credential'),
    spec: { identityRef: { name: 'before' }, issuer: 'https://issuer.example', subject: 'x' },
  });
  await cluster.apply({
    ...common,
    kind: 'IdentityAttachment',
    metadata: metadata('attachment'),
    spec: { identityRef: { name: 'before' }, target: { resourceId: VM } },
  });
  await stage.declare('after');
  await world.until('the 429', () => stage.requests().some(({ status }) => status === 429));
  operator.caches?.identities.suspect(id);
  operator.caches?.hosts.suspect(VM);
  await world.elapse(5_000);

  const stoppedAt = world.clock.monotonic();
  expect(await world.stop(operator)).toEqual({ type: 'stopped' });
  expect(world.clock.monotonic() - stoppedAt).toBeLessThanOrEqual(30_000);
  expect(order.at(-1)).toBe('released');
});
