import { Gauge, type Registry } from 'prom-client';

/** How one part of a cache of Azure stands. */
export interface CachePart {
  /** `identities`, `assignments`, `roles`, `credentials` or `hosts`. */
  readonly cache: string;
  /** Empty for what lies above subscriptions. */
  readonly subscription: string;
  /** A resource type, or a scope above subscriptions; empty for the whole subscription. */
  readonly part: string;
  /** Since the request of the last whole list, or oldest read, began; undefined = never, shown as +Inf so that alerts fire. */
  readonly ageMs: number | undefined;
  readonly entries: number;
  /** True while the list cannot be proven complete, which stops deletions. */
  readonly partial: boolean;
}

/** `azid_mirror_*`, read when someone scrapes; what is no longer in use disappears. */
export function cacheSeries(registry: Registry): (source: () => Iterable<CachePart>) => void {
  let source: () => Iterable<CachePart> = () => [];
  const gauge = (name: string, help: string, read: (part: CachePart) => number) =>
    new Gauge({
      name: `azid_mirror_${name}`,
      help,
      registers: [registry],
      labelNames: ['cache', 'subscription', 'part'],
      collect() {
        this.reset();
        for (const each of source()) {
          const { cache, subscription, part } = each;
          this.set({ cache, subscription, part }, read(each));
        }
      },
    });
  gauge(
    'age_seconds',
    'Age of the last whole list of Azure; of credentials, of the oldest read.',
    ({ ageMs }) => (ageMs ?? Infinity) / 1_000,
  );
  gauge('entries', 'Things of Azure that this cache holds.', ({ entries }) => entries);
  gauge('partial', '1 while this cache may miss things, which stops deletions.', ({ partial }) =>
    partial ? 1 : 0,
  );
  return (next) => {
    source = next;
  };
}
