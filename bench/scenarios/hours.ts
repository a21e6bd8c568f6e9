import { identityPolicy } from '../../src/api/identity-policy.ts';
import { DEFAULT_WORKERS } from '../../src/cli/controller/controller.ts';
import type { LoggedRequest } from '../../src/simulator/http/request-log.ts';
import { identityName, ROLES } from '../../test/support/load/team.ts';
import { WorkPace } from '../../test/support/load/work-pace.ts';
import { Cluster, World } from '../../test/support/testbed.ts';
import { atMost, scenario } from '../scenario.ts';
import { LONG_AGO_MS } from '../stage/past.ts';
import { isThrottled, isWrite } from '../stage/stage.ts';
import { restoreTeams, subscriptionsFor, teamsFor } from '../stage/standing.ts';
import { CLUSTER_ISSUER } from '../stage/template.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const SETTLED_MS = 30 * MINUTE_MS;
/** Of the subscription's bucket of reads, that is refilled with 25 a second (docs/azure-facts.md section 9). */
const READS_AN_HOUR = 25 * 3_600;
const GROUP = '/providers/Microsoft.Management/managementGroups/mg-bench';
const CREDENTIALS = 10;
/** One is changed while the log is read for another, so that each finds another moment. */
const APART_MS = 170_000;
/** Longer than any target here. */
const FOUND_LIMIT_MS = 60 * MINUTE_MS;
/** Real ms. */
const REAL_LIMIT_MS = 60 * MINUTE_MS;

/**
 * What takes hours, on simulated time: the controller and Azure run in this process, on one clock that moves on when nothing is
 * under way. Calls are counted, and Azure's own lags and intervals of azid are the time; no figure is one of speed.
 */
export const hours = scenario({
  name: 'hours',
  about: 'an hour with nothing to do, and what somebody else changes without an event (simulated time)',
  limitMinutes: (objects) => 15 + objects / 250,
  figures: {
    idleWrites: { name: 'idle hour: writes to Azure', unit: '', target: atMost(0) },
    idleReads: { name: 'idle hour: reads of Azure, all', unit: '' },
    idleShare: {
      name: "idle hour: reads, share of one subscription's budget",
      unit: '%',
      target: atMost(1),
    },
    idleKubeWrites: { name: 'idle hour: writes to Kubernetes, Events included', unit: '' },
    logCalls: { name: 'Activity Log: calls an hour and subscription', unit: '', target: atMost(24) },
    credential: {
      name: 'credential changed by somebody else, no event: repaired after, median',
      unit: 'min',
    },
    credentialMost: {
      name: 'credential changed by somebody else, no event: repaired after, the longest of 10',
      unit: 'min',
      target: atMost(25),
    },
    group: { name: 'assignment at a management group removed: made again after, median', unit: 'min' },
    groupMost: {
      name: 'assignment at a management group removed: made again after, the longest of 5',
      unit: 'min',
      target: atMost(6),
    },
    throttled: { name: 'answers 429 in all', unit: '', target: atMost(0) },
  },
  async run({ objects, template, say, report }) {
    await using cleanup = new AsyncDisposableStack();
    const cluster = await Cluster.start({ own: true });
    cleanup.defer(() => cluster.stop());
    const world = await World.create(cluster, {
      // What is put there before takes no time: the clock stands still.
      preset: 'fast',
      now: Date.now() - LONG_AGO_MS,
      tenantId: template.azure.tenantId,
      pace: (clock) => new WorkPace(clock),
      azureLagMs: 120_000,
      operator: { clusterIssuer: CLUSTER_ISSUER, workers: DEFAULT_WORKERS, activityLog: true },
    });
    cleanup.defer(() => world.dispose());
    const { azure, clock } = world;
    const { control } = azure;
    const subscriptions = subscriptionsFor(objects);
    for (const id of subscriptions.slice(1)) world.addSubscription(id);
    control.createManagementGroup({ name: 'mg-bench' });
    world.giveRights(GROUP, 'Owner');
    const standing = await restoreTeams(template, teamsFor(objects), { azure, cluster, subscriptions });
    clock.advance(LONG_AGO_MS);
    control.usePreset({ preset: 'honest' });
    const calls = (since: number) => azure.requests(since).filter(({ caller }) => caller === 'controller');
    const pass = (ms: number) => {
      const end = clock.monotonic() + ms;
      return world.until(`${ms} ms to pass`, () => clock.monotonic() >= end, REAL_LIMIT_MS);
    };
    /** Azure takes its time for a call, and only time that passes ends it. */
    const passing = async (work: Promise<unknown>) => {
      let ended = false;
      const end = () => {
        ended = true;
      };
      work.then(end, end);
      await world.until('a call to end', () => ended, REAL_LIMIT_MS);
      await work;
    };
    const kubeWrites = () => [...cluster.writes.values()].reduce((sum, { ended }) => sum + ended, 0);

    say('restored');
    await world.start();
    await world.until('the start to end', () => world.quiet, REAL_LIMIT_MS);
    await pass(SETTLED_MS);
    say('settled');
    const [from, wrote] = [azure.requests().length, kubeWrites()];
    await pass(HOUR_MS);
    const idle = calls(from);
    const reads = idle.filter((each) => !isWrite(each));
    report('idleWrites', idle.length - reads.length);
    report('idleReads', reads.length);
    const bySubscription = subscriptions.map((id) =>
      reads.filter(({ path }) => path.toLowerCase().includes(id)),
    );
    report('idleShare', (100 * Math.max(...bySubscription.map(({ length }) => length))) / READS_AN_HOUR);
    report('idleKubeWrites', kubeWrites() - wrote);
    report('logCalls', Math.max(...bySubscription.map((some) => some.filter(isOfTheLog).length)));

    /** Minutes until azid writes each of these again, which somebody changes one after the other. */
    const repaired = async (ids: readonly string[], change: (id: string) => Promise<unknown>) => {
      const since = azure.requests().length;
      const changedAt = new Map<string, number>();
      for (const id of ids) {
        await passing(change(id));
        changedAt.set(id, clock.now());
        await pass(APART_MS);
      }
      const minutes = () =>
        ids.map((id) => {
          const at = changedAt.get(id) ?? 0;
          const write = calls(since).find(
            (each) =>
              each.method === 'PUT' && isPathOf(id, each.path) && Date.parse(each.time) >= Math.floor(at),
          );
          return write ? (Date.parse(write.time) - at) / MINUTE_MS : Number.POSITIVE_INFINITY;
        });
      const limit = clock.monotonic() + FOUND_LIMIT_MS;
      await world.until(
        'all to be repaired',
        () => clock.monotonic() > limit || minutes().every(Number.isFinite),
        REAL_LIMIT_MS,
      );
      return minutes().sort((a, b) => a - b);
    };

    const credentials = standing.azure.credentials.filter((_, n) => n % 7 === 0).slice(0, CREDENTIALS);
    const bodies = new Map(credentials.map(({ id, properties }) => [id, properties]));
    const changed = await repaired([...bodies.keys()], async (id) => {
      const properties = { ...bodies.get(id), subject: 'system:serviceaccount:elsewhere:somebody' };
      const path = `${id}?api-version=2024-11-30`;
      const { status } = await control.arm({ method: 'PUT', path, body: { properties } });
      if (status >= 300) throw new Error(`expected PUT ${id} to succeed, got ${status}`);
    });
    report('credential', changed[Math.floor((changed.length - 1) / 2)] ?? Number.NaN);
    report('credentialMost', changed.at(-1) ?? Number.NaN);

    const before = new Set(control.assignments({}).map(({ id }) => id));
    await declareAtGroup(cluster, template.azure.identities[0]?.subscriptionId ?? '');
    const made = () => control.assignments({}).filter(({ id, scope }) => !before.has(id) && scope === GROUP);
    await world.until('the grants at the group', () => made().length === ROLES.length, REAL_LIMIT_MS);
    // Azure's lists show them all, and azid waits for nothing any more.
    await pass(SETTLED_MS);
    const removed = await repaired(
      made().map(({ id }) => id),
      async (id) => {
        const { status } = await control.arm({ method: 'DELETE', path: `${id}?api-version=2022-04-01` });
        if (status >= 300) throw new Error(`expected DELETE ${id} to succeed, got ${status}`);
      },
    );
    report('group', removed[Math.floor((removed.length - 1) / 2)] ?? Number.NaN);
    report('groupMost', removed.at(-1) ?? Number.NaN);
    report('throttled', calls(0).filter(isThrottled).length);
  },
});

const isOfTheLog = ({ path }: LoggedRequest) => /\/providers\/microsoft\.insights\/eventtypes\//i.test(path);
const isPathOf = (id: string, path: string) => path.toLowerCase().split('?')[0] === id.toLowerCase();

/** One identity of the first team gets each role on the management group. */
async function declareAtGroup(cluster: Cluster, subscriptionId: string): Promise<void> {
  const rules = (scope: string) => ({ roles: [...ROLES], scopes: [scope] });
  await cluster.patch(identityPolicy.resource, 'team-0', {
    spec: { grants: [rules(`/subscriptions/${subscriptionId}/resourceGroups/rg-0`), rules(GROUP)] },
  });
  for (const [at, name] of ROLES.entries())
    await cluster.apply({
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'RoleGrant',
      metadata: { namespace: 'team-0', name: `group-${at}` },
      spec: { principal: { identityRef: { name: identityName(0) } }, role: { name }, scope: GROUP },
    });
}
