import { describe, expect, it } from 'vitest';
import { configMaps } from '../../src/kube/builtin.ts';
import { FederationStage, ISSUER } from '../support/kinds/federation.ts';
import { type Cluster, SUBSCRIPTION, type World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** What others change is found by the Activity Log alone: no list comes for a day, no event at all. */
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const KEPT = { resource: configMaps, key: 'azid-system/azid-activity-log' };

let cluster: Cluster;
let world: World;
let stage: FederationStage;
useWorld(
  async (own) => {
    ({ cluster, world } = own);
    stage = new FederationStage(cluster, world);
    await stage.prepare();
  },
  { operator: { activityLog: true, resyncIntervalMs: 24 * HOUR, credentialRoundMs: 30 * 24 * HOUR } },
);

/** azid has made its credential, and found nothing to do for a while. */
async function atRest(): Promise<string> {
  await world.start();
  await stage.declare('build');
  await stage.settled('build');
  await world.pass(45 * MINUTE);
  const [made] = await stage.inAzure();
  return made?.name ?? '';
}

const polls = (since = 0) =>
  world.azure
    .requests(since)
    .filter(({ operation, caller }) => operation === 'activityLogs.list' && caller === 'controller');

describe('a credential', () => {
  it.each(['PUT', 'DELETE'] as const)(
    'changed by hand (%s) is as declared again within 25 min',
    async (method) => {
      const name = await atRest();
      // A record shows 3 to 20 min after the call.
      world.azure.control.setKnobs({ propagation: { activityLogLagMs: 19 * MINUTE } });
      const changedAt = world.clock.monotonic();
      await stage.byHand(method, name, { subject: 'job:evil' });
      await world.until(
        'the declared subject',
        async () => (await stage.inAzure())[0]?.properties.subject === 'job:build',
        120_000,
      );
      expect(world.clock.monotonic() - changedAt).toBeLessThanOrEqual(25 * MINUTE);
    },
  );

  it('of another identity costs no read, and azid’s own writes cost none', async () => {
    await atRest();
    world.azure.control.createIdentity({ name: 'foreign', resourceGroup: 'rg2' });
    const foreign = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg2/providers/Microsoft.ManagedIdentity/userAssignedIdentities/foreign`;
    await world.azure.control.arm({
      method: 'PUT',
      path: `${foreign}/federatedIdentityCredentials/theirs?api-version=2024-11-30`,
      body: { properties: { issuer: ISSUER, subject: 'job:x', audiences: ['api://AzureADTokenExchange'] } },
    });
    const before = world.azure.requests().length;
    await world.pass(30 * MINUTE);
    const own = world.azure.requests(before).filter(({ caller }) => caller === 'controller');
    expect(own.filter(({ operation }) => operation !== 'activityLogs.list')).toEqual([]);
    expect(polls(before).length).toBe(12);
  });
});

describe('over a restart', () => {
  /** Where the first query of identities begins: which provider is asked first is chance, and of the other no record came. */
  const from = (since: number) => {
    const filters = polls(since).map(
      ({ path }) => new URL(path, 'https://x').searchParams.get('$filter') ?? '',
    );
    const [filter = ''] = filters.filter((each) => each.includes('Microsoft.ManagedIdentity'));
    return Date.parse(/ge '([^']+)'/.exec(filter)?.[1] ?? '');
  };

  it('the log is read from where it was read before, which stands in a ConfigMap', async () => {
    await atRest();
    const kept = await cluster.get(KEPT.resource, KEPT.key);
    expect(Object.keys(kept?.data ?? {})).toContain(`${SUBSCRIPTION}.Microsoft.ManagedIdentity`);
    const readUpTo = Date.parse(kept?.data?.[`${SUBSCRIPTION}.Microsoft.ManagedIdentity`] ?? '');
    const [operator] = world.operators;
    if (operator) await world.stop(operator);
    world.clock.advance(50 * HOUR);
    await world.start();
    const before = world.azure.requests().length;
    await world.until('the first queries', () => polls(before).length >= 2);
    // A moment later at the most, where it was written once more before the end: not a day before now.
    const later = from(before) - (readUpTo - 30 * MINUTE);
    expect(later).toBeGreaterThanOrEqual(0);
    expect(later).toBeLessThan(HOUR);
  });

  it('nonsense in it, or none of it, is no harm', async () => {
    const name = await atRest();
    const [operator] = world.operators;
    if (operator) await world.stop(operator);
    const data = {
      [`${SUBSCRIPTION}.Microsoft.ManagedIdentity`]: '2999-01-01T00:00:00Z',
      [`${SUBSCRIPTION}.Microsoft.Authorization`]: 'yesterday',
    };
    await cluster.patch(KEPT.resource, KEPT.key, { data });
    await world.start();
    await world.pass(10 * MINUTE);
    await stage.byHand('PUT', name, { subject: 'job:evil' });
    await world.until(
      'the declared subject',
      async () => (await stage.inAzure())[0]?.properties.subject === 'job:build',
      120_000,
    );
    await world.pass(15 * MINUTE);
    const kept = await cluster.get(KEPT.resource, KEPT.key);
    for (const text of Object.values(kept?.data ?? {}))
      expect(Date.parse(text)).toBeLessThanOrEqual(world.clock.now());
  });

  it('lost while azid was away, what was changed meanwhile is put right all the same, by one write', async () => {
    const name = await atRest();
    const [operator] = world.operators;
    if (operator) await world.stop(operator);
    await stage.byHand('PUT', name, { subject: 'job:evil' });
    await cluster.delete(KEPT.resource, KEPT.key);
    world.clock.advance(10 * HOUR);
    const since = world.azure.requests().at(-1)?.n ?? 0;
    await world.start();
    await world.until(
      'the declared subject',
      async () => (await stage.inAzure())[0]?.properties.subject === 'job:build',
      120_000,
    );
    await world.pass(45 * MINUTE);
    expect(stage.writes(since)).toHaveLength(1);
    expect(await cluster.get(KEPT.resource, KEPT.key)).toBeDefined();
  });
});
