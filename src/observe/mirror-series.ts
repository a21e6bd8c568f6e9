import { Gauge, type Registry } from 'prom-client';

/** The mirror's picture of one subscription. */
export interface MirrorPart {
  readonly subscription: string;
  /** Since the request of the last complete list began; undefined = never listed, shown as +Inf so that alerts fire. */
  readonly ageMs: number | undefined;
  readonly entries: number;
  /** True while the list cannot be proven complete, which stops deletions. */
  readonly partial: boolean;
}

/** `azid_mirror_*`, read when someone scrapes; a subscription that is no longer in use disappears. */
export function mirrorSeries(registry: Registry): (source: () => Iterable<MirrorPart>) => void {
  let source: () => Iterable<MirrorPart> = () => [];
  const gauge = (name: string, help: string, read: (part: MirrorPart) => number) =>
    new Gauge({
      name: `azid_mirror_${name}`,
      help,
      registers: [registry],
      labelNames: ['subscription'],
      collect() {
        this.reset();
        for (const part of source()) this.set({ subscription: part.subscription }, read(part));
      },
    });
  gauge('age_seconds', 'Age of the last complete list of Azure.', ({ ageMs }) => (ageMs ?? Infinity) / 1_000);
  gauge('entries', 'Things of Azure that the mirror holds.', ({ entries }) => entries);
  gauge('partial', '1 while the mirror may miss things, which stops deletions.', ({ partial }) =>
    partial ? 1 : 0,
  );
  return (next) => {
    source = next;
  };
}
