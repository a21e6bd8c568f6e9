import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import type { CachePart } from '../../cache/definition.ts';
import { Controller } from '../../runtime/controller/controller.ts';
import { silentLog } from '../../runtime/log.ts';
import type { Outcome } from '../../runtime/outcome.ts';
import { WorkQueue } from '../../runtime/queue/queue.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { bucketsLeft } from './azure-series.ts';
import { Metrics } from './metrics.ts';

const IDENTITIES = 'Microsoft.ManagedIdentity/userAssignedIdentities';

let metrics: Metrics;

beforeEach(() => {
  metrics = new Metrics({
    process: false,
    azureResources: { [IDENTITIES]: ['GET', 'PUT', 'PATCH', 'DELETE'] },
  });
});

/** Value of one series by its exact text, e.g. `workqueue_adds_total{name="a",controller="a"}`. */
async function value(series: string): Promise<number | undefined> {
  const line = (await metrics.text()).split('\n').find((text) => text.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

const q = 'name="identity",controller="identity"';
const c = 'controller="identity"';

describe('before anything happens', () => {
  test.each([
    `workqueue_depth{${q},priority="edit"}`,
    `workqueue_depth{${q},priority="event"}`,
    `workqueue_depth{${q},priority="resync"}`,
    `workqueue_adds_total{${q}}`,
    `workqueue_retries_total{${q}}`,
    `workqueue_queue_duration_seconds_count{${q}}`,
    `workqueue_work_duration_seconds_count{${q}}`,
    `workqueue_unfinished_work_seconds{${q}}`,
    `workqueue_longest_running_processor_seconds{${q}}`,
    'azid_queue_age_seconds{name="identity",controller="identity"}',
    `controller_runtime_reconcile_total{${c},result="success"}`,
    `controller_runtime_reconcile_total{${c},result="error"}`,
    `controller_runtime_reconcile_total{${c},result="requeue"}`,
    `controller_runtime_reconcile_total{${c},result="requeue_after"}`,
    `controller_runtime_reconcile_errors_total{${c}}`,
    `controller_runtime_terminal_reconcile_errors_total{${c}}`,
    `controller_runtime_reconcile_panics_total{${c}}`,
    `controller_runtime_reconcile_timeouts_total{${c}}`,
    `controller_runtime_reconcile_time_seconds_count{${c}}`,
    `controller_runtime_max_concurrent_reconciles{${c}}`,
    `controller_runtime_active_workers{${c}}`,
    'rest_client_requests_total{code="200",method="PATCH",host="127.0.0.1:6443"}',
    'leader_election_master_status{name="azid"}',
    `azure_successful_requests_total{resource="${IDENTITIES}",requestType="PUT",responseCode="200"}`,
    `azure_failed_requests_total{resource="${IDENTITIES}",requestType="PUT",responseCode="429"}`,
    `azure_requests_time_seconds_count{resource="${IDENTITIES}",requestType="GET"}`,
    'azid_azure_wait_seconds_count{kind="read",priority="edit"}',
  ])('%s stands at zero', async (series) => {
    new WorkQueue({ clock: new FakeClock(), random: () => 0, metrics: metrics.queue('identity') });
    metrics.controller('identity');
    metrics.restClient('127.0.0.1:6443');
    metrics.leader('azid');
    expect(await value(series)).toBe(0);
  });

  test('histograms of waits reach twenty minutes and more, reconciles stop at sixty seconds', async () => {
    metrics.queue('identity');
    metrics.controller('identity');
    expect(await value(`workqueue_queue_duration_seconds_bucket{le="1200",${q}}`)).toBe(0);
    expect(await value(`workqueue_work_duration_seconds_bucket{le="1200",${q}}`)).toBe(0);
    expect(await value(`controller_runtime_reconcile_time_seconds_bucket{le="0.005",${c}}`)).toBe(0);
    expect(await value(`controller_runtime_reconcile_time_seconds_bucket{le="60",${c}}`)).toBe(0);
  });
});

describe('a queue and a controller at work', () => {
  test('move their series', async () => {
    const clock = new FakeClock();
    const queue = new WorkQueue({ clock, random: () => 1, metrics: metrics.queue('identity') });
    const held = Promise.withResolvers<Outcome>();
    const controller = new Controller({
      name: 'identity',
      queue,
      clock,
      workers: 1,
      reconcile: () => held.promise,
      metrics: metrics.controller('identity'),
      log: silentLog,
      random: () => 0.5,
    });
    controller.enqueue('running', 'edit');
    controller.enqueue('waiting', 'resync');
    controller.enqueue('waiting', 'resync');
    const stop = new AbortController();
    const run = controller.run(stop.signal);
    while (controller.running === 0) await turn();
    clock.advance(30_000);
    expect(await value(`workqueue_depth{${q},priority="resync"}`)).toBe(1);
    expect(await value(`workqueue_adds_total{${q}}`)).toBe(2);
    expect(await value(`workqueue_unfinished_work_seconds{${q}}`)).toBe(30);
    expect(await value(`workqueue_longest_running_processor_seconds{${q}}`)).toBe(30);
    expect(await value(`azid_queue_age_seconds{${q}}`)).toBe(30);
    expect(await value(`controller_runtime_active_workers{${c}}`)).toBe(1);
    expect(await value(`controller_runtime_max_concurrent_reconciles{${c}}`)).toBe(1);
    stop.abort();
    held.resolve({ type: 'retry', reason: 'Unavailable', error: new Error('connection lost') });
    await run;
    expect(await value(`workqueue_retries_total{${q}}`)).toBe(1);
    expect(await value(`workqueue_work_duration_seconds_sum{${q}}`)).toBe(30);
    expect(await value(`controller_runtime_reconcile_time_seconds_sum{${c}}`)).toBe(30);
    expect(await value(`controller_runtime_reconcile_total{${c},result="error"}`)).toBe(1);
    expect(await value(`controller_runtime_reconcile_errors_total{${c}}`)).toBe(1);
    expect(await value(`controller_runtime_active_workers{${c}}`)).toBe(0);
  });
});

describe('requests', () => {
  test('to the API server count by code, method and host', async () => {
    const count = metrics.restClient('k:443');
    count({ code: '409', method: 'PATCH', host: 'k:443' });
    count({ code: '<error>', method: 'GET', host: 'k:443' });
    expect(await value('rest_client_requests_total{code="409",method="PATCH",host="k:443"}')).toBe(1);
    expect(await value('rest_client_requests_total{code="<error>",method="GET",host="k:443"}')).toBe(1);
  });

  test('to Azure count as successful or failed, and their time is kept', async () => {
    const call = { resource: IDENTITIES, requestType: 'PUT', seconds: 2 };
    metrics.azure.request({ ...call, responseCode: 201 });
    metrics.azure.request({ ...call, responseCode: 403 });
    metrics.azure.request({ ...call, responseCode: undefined });
    const labels = (code: string) => `{resource="${IDENTITIES}",requestType="PUT",responseCode="${code}"}`;
    expect(await value(`azure_successful_requests_total${labels('201')}`)).toBe(1);
    expect(await value(`azure_failed_requests_total${labels('403')}`)).toBe(1);
    expect(await value(`azure_failed_requests_total${labels('none')}`)).toBe(1);
    const time = `azure_requests_time_seconds_sum{resource="${IDENTITIES}",requestType="PUT"}`;
    expect(await value(time)).toBe(6);
  });

  test('throttled seconds add up, and waits in a rate-limit scope are kept', async () => {
    metrics.azure.throttled(30, { subscriptionId: 's1', kind: 'write' });
    metrics.azure.throttled(17, { subscriptionId: 's1', kind: 'write' });
    metrics.azure.waited(4, { kind: 'write', priority: 'edit' });
    expect(await value('azure_throttled_seconds_total{subscription="s1",kind="write"}')).toBe(47);
    expect(await value('azid_azure_wait_seconds_sum{kind="write",priority="edit"}')).toBe(4);
  });

  test('what is left in a bucket of Azure is shown', async () => {
    metrics.azure.remaining('s1', new Headers({ 'x-ms-ratelimit-remaining-subscription-reads': '249' }));
    expect(await value('azure_ratelimit_remaining{subscription="s1",bucket="subscription-reads"}')).toBe(249);
  });
});

describe('rate-limit headers', () => {
  test('hold a count, or a list of policies', () => {
    const left = bucketsLeft([
      ['X-Ms-Ratelimit-Remaining-Subscription-Writes', '199'],
      [
        'x-ms-ratelimit-remaining-resource',
        'Microsoft.Compute/GetVM30Min;11937, Microsoft.Compute/PutVM3Min;238',
      ],
      ['retry-after', '17'],
    ]);
    expect([...left]).toEqual([
      ['subscription-writes', 199],
      ['Microsoft.Compute/GetVM30Min', 11_937],
      ['Microsoft.Compute/PutVM3Min', 238],
    ]);
  });

  test.each(['', 'many', '-1', '1.5', 'a b;3', `${'x'.repeat(200)};3`, ';', 'name;'])(
    'pass over "%s"',
    (text) => {
      expect([...bucketsLeft([['x-ms-ratelimit-remaining-resource', text]])]).toEqual([]);
    },
  );
});

test('leadership is shown', async () => {
  const leader = metrics.leader('azid');
  leader(true);
  expect(await value('leader_election_master_status{name="azid"}')).toBe(1);
  leader(false);
  expect(await value('leader_election_master_status{name="azid"}')).toBe(0);
});

test('each cache shows age, entries and doubt of its parts, and forgets what is no longer used', async () => {
  const cache = 'hosts' as const;
  let parts: CachePart[] = [
    { cache, subscription: 's1', part: 'vm', ageMs: 90_000, entries: 12, partial: false },
    { cache, subscription: 's2', part: '', ageMs: undefined, entries: 0, partial: true },
  ];
  metrics.caches(() => parts);
  expect(await value('azid_mirror_age_seconds{cache="hosts",subscription="s1",part="vm"}')).toBe(90);
  expect(await value('azid_mirror_entries{cache="hosts",subscription="s1",part="vm"}')).toBe(12);
  expect(await value('azid_mirror_partial{cache="hosts",subscription="s1",part="vm"}')).toBe(0);
  expect(await metrics.text()).toContain(
    'azid_mirror_age_seconds{cache="hosts",subscription="s2",part=""} +Inf\n',
  );
  expect(await value('azid_mirror_partial{cache="hosts",subscription="s2",part=""}')).toBe(1);
  parts = parts.slice(0, 1);
  expect(await value('azid_mirror_partial{cache="hosts",subscription="s2",part=""}')).toBeUndefined();
});

test('a process shows its own state, event-loop lag included, and two do not mix', async () => {
  metrics = new Metrics();
  const other = new Metrics({ process: false });
  expect(await value('nodejs_eventloop_lag_seconds')).toBeGreaterThanOrEqual(0);
  expect(await value('process_resident_memory_bytes')).toBeGreaterThan(0);
  metrics.leader('azid')(true);
  expect(await other.text()).not.toContain('azid"');
});
