import { eventSource } from '../../src/api/event-source.ts';
import type { Condition } from '../../src/kube/types.ts';
import { atMost, scenario } from '../scenario.ts';
import { type Controller, pause } from '../stage/controller.ts';
import { quantileSeconds } from '../stage/latency.ts';
import { isThrottled, isWrite, Stage } from '../stage/stage.ts';
import { teamsFor } from '../stage/standing.ts';

const EVENTS = 5_000;
/** Of the events, those about something that azid keeps; the others are of resources that it does not read. */
const DRIFTS = 40;
/** So many come together, so often: 100 a second. */
const BATCH = 10;
const EVERY_MS = 100;
const REPAIRED_LIMIT_MS = 120_000;
const LOOK_MS = 200;
const GROUP = 'azid-system';

export const events = scenario({
  name: 'events',
  about:
    '5,000 events in 50 s, 40 of them of assignments that somebody removes; then 5,000 of machines at once',
  limitMinutes: (objects) => 12 + objects / 500,
  figures: {
    read: { name: 'event in the queue to its read of Azure, median', unit: 's' },
    readP99: { name: 'event in the queue to its read of Azure, p99', unit: 's' },
    started: { name: "event in the queue to its reconcile's first call, median", unit: 's' },
    startedP99: {
      name: "event in the queue to its reconcile's first call, p99",
      unit: 's',
      target: atMost(1),
    },
    repaired: { name: 'assignments made again, of 40', unit: '' },
    calls: { name: 'calls to Azure for these 5,000 events', unit: '' },
    flood: { name: '5,000 events of machines at once: until all are settled', unit: 's' },
    floodReads: { name: '5,000 events of machines at once: reads of Azure within a minute', unit: '' },
    floodWrites: { name: '5,000 events of machines at once: writes', unit: '', target: atMost(0) },
    throttled: { name: 'answers 429 in all', unit: '', target: atMost(0) },
    resident: { name: 'resident after that', unit: 'MiB' },
  },
  async run({ objects, template, say, report }) {
    await using stage = await Stage.open({ template, objects, say });
    const { control } = stage.azure;
    const teams = teamsFor(objects);
    const standing = await stage.restore(template, teams);
    const queue = queueFor(stage);
    const controller = await stage.start({ 'service-bus-endpoint': queue.endpoint });
    await stage.cluster.apply({
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'EventSource',
      metadata: { name: 'bench' },
      spec: { serviceBus: { namespace: queue.host, queue: 'azid' } },
    });
    await receiving(stage, controller);
    await controller.settled();

    const all = standing.azure.assignments;
    const step = Math.max(1, Math.floor(all.length / DRIFTS));
    const assignments = all.filter((_, n) => n % step === 0).slice(0, DRIFTS);
    const each = Math.floor(EVENTS / assignments.length);
    const since = stage.mark;
    const removed: { readonly name: string; readonly at: number }[] = [];
    for (let sent = 0; sent < EVENTS; sent += BATCH) {
      const next = performance.now() + EVERY_MS;
      for (let n = sent; n < sent + BATCH; n++) {
        const assignment = n % each === 0 ? assignments[n / each] : undefined;
        if (!assignment)
          control.publishEvent({
            subject: storage(stage, n),
            data: written('Microsoft.Storage/storageAccounts'),
          });
        else {
          // Counted from before the removal, so that no part of the way is left out.
          const at = Date.now();
          await control.arm({ method: 'DELETE', path: `${assignment.id}?api-version=2022-04-01` });
          removed.push({ name: assignment.id.split('/').at(-1) ?? '', at });
        }
      }
      await pause(Math.max(0, next - performance.now()));
    }
    const seen = () => removed.map(({ name, at }) => answerTo(stage, since, name, at));
    const until = performance.now() + REPAIRED_LIMIT_MS;
    while (performance.now() < until && seen().some(({ made }) => !made)) await pause(LOOK_MS);
    const answers = seen();
    const sorted = (all: readonly number[]) => all.toSorted((a, b) => a - b);
    const reads = sorted(answers.map(({ read }) => read));
    const starts = sorted(answers.map(({ started }) => started));
    report('read', quantileSeconds(reads, 0.5));
    report('readP99', quantileSeconds(reads, 0.99));
    report('started', quantileSeconds(starts, 0.5));
    report('startedP99', quantileSeconds(starts, 0.99));
    report('repaired', answers.filter(({ made }) => made).length);
    report('calls', stage.calls(since).length);
    await controller.settled();

    const flooding = stage.mark;
    const startedAt = performance.now();
    for (let n = 0; n < EVENTS; n++)
      control.publishEvent({
        subject: machine(stage, n),
        data: written('Microsoft.Compute/virtualMachines'),
      });
    const left = () => {
      const { ready, locked } = control.queue({ id: queue.id });
      return ready + locked;
    };
    while (left() > 0) {
      await controller.alive();
      await pause(LOOK_MS);
    }
    report('flood', (performance.now() - startedAt) / 1_000);
    await pause(Math.max(0, 60_000 - (performance.now() - startedAt)));
    const flood = stage.calls(flooding);
    report('floodWrites', flood.filter(isWrite).length);
    report('floodReads', flood.filter((call) => !isWrite(call)).length);
    report('throttled', stage.calls(since).filter(isThrottled).length);
    report('resident', (await controller.memory()).resident);
  },
});

/** The queue of the subscription's events; Event Grid brings them at once, since its own lag is no matter here. */
function queueFor({ azure: { control }, subscriptions }: Stage) {
  control.setKnobs({ events: { lagMs: 0 } });
  const { host, endpoint } = control.createServiceBusNamespace({
    name: 'bench-events',
    resourceGroup: GROUP,
  });
  const { id } = control.createQueue({ namespace: 'bench-events', name: 'azid', duplicateDetection: true });
  const own = control.identities({}).find((each) => each.id.endsWith('/azid-controller'));
  control.grant({
    principalId: own?.principalId ?? '',
    role: 'Azure Service Bus Data Receiver',
    scope: id,
  });
  for (const [at, subscription] of subscriptions.entries()) {
    // A topic lies in the subscription that it tells of.
    const of = { subscriptionId: subscription, resourceGroup: GROUP };
    if (at > 0) control.createResourceGroup({ subscriptionId: subscription, name: GROUP });
    const topic = control.createSystemTopic({ name: `all-${at}`, ...of }).id;
    control.createEventSubscription({ topic, name: 'to-azid', queue: id });
  }
  control.settle();
  return { id, host, endpoint };
}

async function receiving({ cluster }: Stage, controller: Controller): Promise<void> {
  for (;;) {
    await controller.alive();
    const source = await cluster.get(eventSource.resource, 'bench');
    const { conditions = [] } = (source?.status ?? {}) as { conditions?: readonly Condition[] };
    if (conditions.some(({ type, status }) => type === 'Ready' && status === 'True')) return;
    await pause(LOOK_MS);
  }
}

interface Answer {
  /** Ms until the read that the event led to, until the next call, which is the reconcile's, and whether it was made again. */
  readonly read: number;
  readonly started: number;
  readonly made: boolean;
}

function answerTo(stage: Stage, since: number, name: string, at: number): Answer {
  const calls = stage.calls(since).filter(({ path }) => path.toLowerCase().includes(name));
  const after = calls.map(({ time }) => Math.max(0, Date.parse(time) - at));
  const [read = Number.POSITIVE_INFINITY, started = Number.POSITIVE_INFINITY] = after;
  return { read, started, made: calls.some(({ method, status }) => method === 'PUT' && status === 201) };
}

const group = ({ subscriptions }: Stage) =>
  `/subscriptions/${subscriptions[0]}/resourceGroups/rg-0/providers`;
const storage = (stage: Stage, n: number) => `${group(stage)}/Microsoft.Storage/storageAccounts/others${n}`;
const machine = (stage: Stage, n: number) => `${group(stage)}/Microsoft.Compute/virtualMachines/others-${n}`;
const written = (type: string) => ({ operationName: `${type}/write`, status: 'Succeeded' });
