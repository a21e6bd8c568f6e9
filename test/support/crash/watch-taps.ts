import type { ReflectorEvent } from '../../../src/kube/informer/reflector.ts';
import type { KubeObject, Resource } from '../../../src/kube/types.ts';
import { keyOf } from '../../../src/kube/types.ts';
import type { WatchTap } from '../../../src/reconcilers/stores.ts';
import type { Clock } from '../../../src/runtime/time/clock.ts';

/** What is done to one event of one watch. `at`: the event's key, the same in every run of a scenario. */
export type WatchPlan =
  /** Unseen until a later event of the object, or a relist, makes up for it. */
  | { readonly kind: 'hidden'; readonly at: string }
  /** Every event comes twice. */
  | { readonly kind: 'doubled' };

/** A watch that lost an event lists again after this long; real ones are re-made every 5 to 10 min. */
const RELIST_MS = 5_000;

/** Notes the events of all watches of a run, and hides, doubles or holds them. */
export class WatchTaps {
  /** Keys of the events since `arm`. */
  readonly events: string[] = [];
  /** Whether the plan met its event. */
  struck = false;
  /** An event is held back until its relist. */
  hiding = false;
  readonly #clock: Clock;
  readonly #plan: WatchPlan | undefined;
  readonly #namespace: string;
  readonly #seen = new Map<string, number>();
  #armed = false;
  #thawed: PromiseWithResolvers<void> | undefined;

  constructor(clock: Clock, namespace: string, plan?: WatchPlan) {
    this.#clock = clock;
    this.#namespace = namespace;
    this.#plan = plan;
  }

  arm(): void {
    this.#armed = true;
  }

  /** From now on no event of the identities' watch reaches its store. */
  freeze(): void {
    this.#thawed ??= Promise.withResolvers();
  }

  thaw(): void {
    this.#thawed?.resolve();
    this.#thawed = undefined;
  }

  get frozen(): boolean {
    return this.#thawed !== undefined;
  }

  readonly tap: WatchTap = (resource, events) => this.#tapped(resource, events);

  async *#tapped<T extends KubeObject>(
    resource: Resource<T>,
    events: AsyncGenerator<ReflectorEvent<T>>,
  ): AsyncGenerator<ReflectorEvent<T>> {
    const inbox = new Inbox(events);
    for (;;) {
      const event = await inbox.next();
      if (!event) return;
      if (resource.plural === 'userassignedidentities') await this.#thawed?.promise;
      const key = this.#note(resource, event);
      if (key === undefined || !this.#strikes(key)) {
        yield event;
      } else if (this.#plan?.kind === 'doubled') {
        this.struck = true;
        yield event;
        yield event;
      } else {
        this.struck = true;
        const hidden = event;
        const relist = Promise.withResolvers<undefined>();
        using _timer = this.#clock.timer(RELIST_MS, () => relist.resolve(undefined));
        let superseded = false;
        this.hiding = true;
        // Other objects' events go on meanwhile; a relist shows what is there by then, later events of its own included.
        for (;;) {
          const next = await Promise.race([inbox.peek(), relist.promise.then(() => 'relist' as const)]);
          if (next === 'relist') break;
          inbox.take();
          if (!next) return;
          this.#note(resource, next);
          superseded ||= sameObject(hidden, next);
          yield next;
        }
        this.hiding = false;
        if (!superseded) yield hidden;
      }
    }
  }

  #strikes(key: string): boolean {
    return this.#plan?.kind === 'doubled' || (this.#plan?.kind === 'hidden' && this.#plan.at === key);
  }

  #note(resource: Resource, event: ReflectorEvent<KubeObject>): string | undefined {
    if (!this.#armed || event.type === 'replace') return undefined;
    const { metadata } = event.object;
    const own = metadata.namespace === this.#namespace || metadata.name === this.#namespace;
    if (!own) return undefined;
    const label = `${event.type} ${resource.plural}/${metadata.name.replaceAll(this.#namespace, '$ns')}`;
    const count = (this.#seen.get(label) ?? 0) + 1;
    this.#seen.set(label, count);
    const key = `${label} #${count}`;
    this.events.push(key);
    return key;
  }
}

function sameObject(a: ReflectorEvent<KubeObject>, b: ReflectorEvent<KubeObject>): boolean {
  if (b.type === 'replace') return true;
  return a.type !== 'replace' && keyOf(a.object) === keyOf(b.object);
}

/** A generator that can be looked into without losing what comes. */
class Inbox<T> {
  readonly #source: AsyncGenerator<T>;
  #pending: Promise<T | undefined> | undefined;

  constructor(source: AsyncGenerator<T>) {
    this.#source = source;
  }

  peek(): Promise<T | undefined> {
    this.#pending ??= this.#source.next().then(({ done, value }) => (done ? undefined : value));
    return this.#pending;
  }

  take(): void {
    this.#pending = undefined;
  }

  next(): Promise<T | undefined> {
    const next = this.peek();
    this.take();
    return next;
  }
}
