import { Gauge, type Registry } from 'prom-client';

/** The namespaces of a shard, as its leader knows them. */
interface ShardSample {
  readonly shard: string;
  /** It works on so many. */
  readonly working: number;
  /** They are its own by their label, and it has not begun with so many. */
  readonly waiting: number;
  /** They are another shard's by their label, and something of so many still runs here. */
  readonly releasing: number;
  /** Of the shard `default` alone: how many have a label that names this shard, for which nobody works. */
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
