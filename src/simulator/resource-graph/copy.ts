import type { Foundation } from '../frame.ts';
import { History } from '../history.ts';
import { scopeKey } from '../scope.ts';

/** A resource as Resource Graph holds it: its body at the time of its last change. */
export interface Copied {
  readonly id: string;
  /** As the type's own right to read it has it. */
  readonly type: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What Resource Graph answers from: a copy that is behind what there is (docs/azure-facts.md section 6). */
export class ResourceGraphCopy {
  readonly #history: History<Copied>;

  constructor({ clock, random, knobs }: Pick<Foundation, 'clock' | 'random' | 'knobs'>) {
    this.#history = new History(clock, random, () => ({
      listLagMs: knobs.values.propagation.resourceGraphLagMs,
      readAfterWriteMs: 0,
    }));
  }

  set(copied: Copied): void {
    this.#history.set(scopeKey(copied.id), copied);
  }

  delete(id: string): void {
    this.#history.delete(scopeKey(id));
  }

  /** What it shows by now. */
  shown(): Copied[] {
    return this.#history.list();
  }

  settle(): void {
    this.#history.settle();
  }
}
