import { shardNamed } from '../../api/schema/shard.ts';
import type { Namespace } from '../../kube/builtin.ts';
import type { Store } from '../../kube/informer/store.ts';
import type { SeenNamespaces } from '../../kube/lease/shard-lease.ts';
import { compareVersions } from '../../kube/types.ts';

/**
 * The state of a namespace in this shard: `wanted` by its label, and not taken yet, since another shard may still work on it; `ours`;
 * `releasing`, since its label names another shard now and reconciles of it still run here. One without a state is another shard's.
 */
type MembershipState = 'wanted' | 'ours' | 'releasing';

interface MembershipParts {
  readonly shard: string;
  readonly namespaces: Pick<Store<Namespace>, 'get' | 'values' | 'onChange' | 'rewinds'>;
  /** Something was added to `wanted`. */
  readonly onWanted: () => void;
  /** It is not ours any more: resolves when nothing of it runs here, and all that is remembered of it is forgotten. */
  readonly release: (namespace: string) => Promise<void>;
}

/**
 * Which namespaces this process works on. What it publishes (`seen`) is a version of the Namespaces up to which it has released
 * all that are not its own: never one that it has read, and not acted on yet. What takes long to release holds back its own name alone.
 */
export class Membership implements Disposable {
  readonly #parts: MembershipParts;
  readonly #states = new Map<string, MembershipState>();
  /** Of each whose label names this shard: the version since when it has done so without a break, as far as was read. */
  readonly #since = new Map<string, string>();
  readonly #subscription: Disposable;
  /** The newest version read. */
  #read = '';
  /** The newest that was published with nothing to release. */
  #released = '';
  #rewinds: number;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
    this.#rewinds = parts.namespaces.rewinds;
    for (const namespace of parts.namespaces.values()) this.#settle(namespace);
    this.#released = this.#read;
    this.#subscription = parts.namespaces.onChange(({ key, new: now, skipped }) => {
      // Between the two its label may have named another shard, which has had it since.
      if (skipped) this.#since.delete(key);
      if (parts.namespaces.rewinds !== this.#rewinds) this.#readAnew();
      if (now) this.#settle(now);
      else this.#drop(key);
    });
  }

  has(namespace: string): boolean {
    return this.#states.get(namespace) === 'ours';
  }

  /** Namespaces of this shard that it has not begun with, and the version since when the label of each names it. */
  get wanted(): ReadonlyMap<string, string> {
    const wanted = new Map<string, string>();
    for (const [name, since] of this.#since) if (this.#states.get(name) === 'wanted') wanted.set(name, since);
    return wanted;
  }

  get ours(): readonly string[] {
    return this.#inState('ours');
  }

  get releasing(): readonly string[] {
    return this.#inState('releasing');
  }

  /**
   * As of this moment, never as of each change: a list brings several, and one that takes a namespace away may follow another that is
   * newer than it.
   */
  get seen(): SeenNamespaces {
    const { releasing } = this;
    if (releasing.length === 0) this.#released = this.#read;
    const version = this.#released;
    return releasing.length === 0 ? { version } : { version, but: { version: this.#read, releasing } };
  }

  /**
   * Whether its label has named this shard in each version from `since` to `stored`: the watch has come that far and has shown no
   * other one. Other patches in between do not matter.
   */
  isWanted(namespace: string, since: string, stored: string): boolean {
    const now = this.#parts.namespaces.get(namespace)?.metadata.resourceVersion;
    if (this.#states.get(namespace) !== 'wanted' || this.#since.get(namespace) !== since) return false;
    return now !== undefined && (compareVersions(now, stored) ?? -1) >= 0;
  }

  /** No other process has worked on it since `since`. False: it is not wanted in that way, so that another one may have begun. */
  take(namespace: string, since: string, stored: string): boolean {
    if (!this.isWanted(namespace, since, stored)) return false;
    this.#states.set(namespace, 'ours');
    return true;
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  #settle(namespace: Namespace): void {
    this.#note(namespace);
    const { name, resourceVersion } = namespace.metadata;
    if (shardNamed(namespace) !== this.#parts.shard) {
      this.#drop(name);
      return;
    }
    if (!this.#since.has(name)) this.#since.set(name, resourceVersion);
    if (this.#states.has(name)) return;
    this.#states.set(name, 'wanted');
    this.#parts.onWanted();
  }

  #drop(name: string): void {
    this.#since.delete(name);
    const state = this.#states.get(name);
    if (state === 'wanted') this.#states.delete(name);
    if (state !== 'ours') return;
    this.#states.set(name, 'releasing');
    void this.#parts.release(name).finally(() => {
      this.#states.delete(name);
      // Its label may name this shard again meanwhile: then it is taken anew, as any other.
      const now = this.#parts.namespaces.get(name);
      if (now) this.#settle(now);
    });
  }

  #inState(wanted: MembershipState): readonly string[] {
    return [...this.#states].flatMap(([name, state]) => (state === wanted ? name : []));
  }

  #note({ metadata: { resourceVersion } }: Namespace): void {
    if ((compareVersions(resourceVersion, this.#read) ?? 1) > 0) this.#read = resourceVersion;
  }

  /** A cluster that was restored goes back in its versions: versions read before cannot be compared with later ones. */
  #readAnew(): void {
    const { namespaces } = this.#parts;
    this.#rewinds = namespaces.rewinds;
    [this.#read, this.#released] = ['', ''];
    for (const namespace of namespaces.values()) this.#note(namespace);
  }
}
