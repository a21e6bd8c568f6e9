/** The series of what azid does at the API server: requests, leadership, and the namespaces of its shard. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { RequestSample } from '../../kube/transport/request.ts';

const METHODS: readonly RequestSample['method'][] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** `rest_client_requests_total`, client-go's name and labels. Takes the host so its series start at zero. */
export function restClientSeries(registry: Registry): (host: string) => (sample: RequestSample) => void {
  const requests = new Counter({
    name: 'rest_client_requests_total',
    help: 'Requests to the API server, by status code, method and host.',
    registers: [registry],
    labelNames: ['code', 'method', 'host'],
  });
  return (host) => {
    for (const method of METHODS) requests.inc({ code: '200', method, host }, 0);
    return ({ code, method, host }) => requests.inc({ code, method, host });
  };
}

/** `leader_election_master_status`: 1 while this process leads. `name`: the Lease's. */
export function leaderSeries(registry: Registry): (name: string) => (leads: boolean) => void {
  const status = new Gauge({
    name: 'leader_election_master_status',
    help: '1 if this process holds the Lease, 0 if another does.',
    registers: [registry],
    labelNames: ['name'],
  });
  return (name) => {
    status.set({ name }, 0);
    return (leads) => status.set({ name }, leads ? 1 : 0);
  };
}

/** The namespaces of a shard, as its leader counts them. */
interface ShardSample {
  readonly shard: string;
  /** It works on so many. */
  readonly working: number;
  /** They are its own by their label, and it has not begun with so many. */
  readonly waiting: number;
  /** They are another shard's by their label, and something of so many still runs here. */
  readonly releasing: number;
  /** Of the shard `default` alone: how many have a label that names this shard, for which no leader works. */
  readonly unserved: ReadonlyMap<string, number>;
}

export interface ShardMetrics {
  /** Sets the function from which the shard is read. */
  of(source: () => ShardSample | undefined): void;
}

/** `azid_shard_*`: absent without `--shard`. */
export function shardSeries(registry: Registry): ShardMetrics {
  const registers = [registry];
  let source: () => ShardSample | undefined = () => undefined;
  new Gauge({
    name: 'azid_shard_namespaces',
    help: 'Namespaces of the shard that this process leads, by state: working, waiting for whoever had them before, or releasing for another shard.',
    registers,
    labelNames: ['shard', 'state'],
    collect() {
      this.reset();
      const sample = source();
      if (!sample) return;
      const { shard } = sample;
      for (const state of ['working', 'waiting', 'releasing'] as const)
        this.set({ shard, state }, sample[state]);
    },
  });
  new Gauge({
    name: 'azid_shard_unserved_namespaces',
    help: 'Namespaces whose label azid.dev/shard names a shard for which nobody works; from the shard default.',
    registers,
    labelNames: ['shard'],
    collect() {
      this.reset();
      for (const [shard, count] of source()?.unserved ?? []) this.set({ shard }, count);
    },
  });
  return {
    of: (next) => {
      source = next;
    },
  };
}
