import type { TokenCredential } from '@azure/identity';
import type { EventSource, EventSourceSpec } from '../../../src/api/event-source.ts';
import { eventSource } from '../../../src/api/event-source.ts';
import type { Condition } from '../../../src/kube/types.ts';
import type { OperatorOptions } from '../../../src/operator/options.ts';
import { systemClock } from '../../../src/runtime/time/clock.ts';
import { tokenCredential } from '../../../src/simulator/sdk.fixture.ts';
import { type Cluster, until, type World } from '../testbed.ts';

/** azid's own queue and the events of the subscription, in a simulated Azure; an operator in real time, as its client is. */
export class EventStage {
  readonly cluster: Cluster;
  readonly world: World;
  /** Host name of the namespace. */
  readonly namespace: string;
  readonly queue: string;
  readonly topic: string;
  /** By which its events come to the queue. */
  readonly eventSubscription: string;

  constructor(cluster: Cluster, world: World) {
    this.cluster = cluster;
    this.world = world;
    const { control } = world.azure;
    const { host } = control.createServiceBusNamespace({
      name: 'events',
      resourceGroup: 'azid-system',
    });
    this.namespace = host;
    this.queue = control.createQueue({ namespace: 'events', name: 'azid', duplicateDetection: true }).id;
    const own = control.identities({}).find(({ id }) => id.endsWith('/azid-controller'));
    control.grant({
      principalId: own?.principalId ?? '',
      role: 'Azure Service Bus Data Receiver',
      scope: this.queue,
    });
    this.topic = control.createSystemTopic({ name: 'all', resourceGroup: 'azid-system' }).id;
    this.eventSubscription = this.subscribe();
    control.settle();
  }

  /** Options of an operator that hears events. Nothing is listed again while a test lasts. */
  operator(): Promise<Partial<OperatorOptions>> {
    return hearing(this.world);
  }

  /** Events of the subscription come to the queue. */
  subscribe(): string {
    const { topic, queue } = this;
    return this.world.azure.control.createEventSubscription({ topic, name: 'to-azid', queue }).id;
  }

  declare(name: string, spec: Partial<EventSourceSpec> = {}): Promise<EventSource> {
    return this.cluster.apply({
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'EventSource',
      metadata: { name },
      spec: { serviceBus: { namespace: this.namespace, queue: 'azid' }, ...spec },
    });
  }

  get(name: string): Promise<EventSource | undefined> {
    return this.cluster.get(eventSource.resource, name);
  }

  /** Waits until a condition has this reason, and the status tells of the spec as it is. */
  async reason(name: string, type: string, reason: string): Promise<Condition> {
    let found: Condition | undefined;
    await until(`${type} of ${name} to be ${reason}`, async () => {
      const object = await this.get(name);
      found = object?.status?.conditions?.find((each) => each.type === type);
      return found?.reason === reason && object?.status?.observedGeneration === object?.metadata.generation;
    });
    if (!found) throw new Error('unreachable');
    return found;
  }

  /** What azid asked Azure since, without the lists and reads of others. */
  calls(since: number): readonly string[] {
    return this.world.azure
      .requests(since)
      .filter(({ caller, path }) => caller === 'controller' && path.startsWith('/subscriptions/'))
      .map(({ method, path }) => `${method} ${path.replace(/\?.*/, '')}`);
  }

  get mark(): number {
    return this.world.azure.requests().at(-1)?.n ?? 0;
  }
}

/** Options of an operator that hears events of this world: in real time, as its client is. */
export async function hearing({ azure }: World): Promise<Partial<OperatorOptions>> {
  return {
    clock: systemClock,
    credential: await credential(azure),
    serviceBusEndpoint: azure.serviceBus.endpoint,
    resyncIntervalMs: 24 * 3_600_000,
    // What was made a moment before may be gone a moment later.
    azureLagMs: 0,
  };
}

/** Of another audience for Service Bus, as Entra would give. */
async function credential(azure: World['azure']): Promise<TokenCredential> {
  const arm = await tokenCredential(azure, 'controller');
  return {
    async getToken(scopes, options) {
      if (!String(scopes).includes('servicebus')) return arm.getToken(scopes, options);
      const { accessToken } = await azure.control.token({
        caller: 'controller',
        audience: 'https://servicebus.azure.net/',
      });
      return { token: accessToken, expiresOnTimestamp: Date.now() + 3_600_000 };
    },
  };
}
