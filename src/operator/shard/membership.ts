import { shardNamed } from '../../api/schema/shard.ts';
import type { Namespace } from '../../kube/builtin.ts';
import { compareVersions, isOlder } from '../../kube/informer/resource-version.ts';
import type { Store } from '../../kube/informer/store.ts';
import type { SeenNamespaces } from '../../kube/lease/shard-lease.ts';

/**
 * How a namespace stands to this shard: `wanted` by its label, and not had yet, since another one may still work on it; `ours`;
 * `releasing`, since its label names another shard now and something of it still runs here. One that is not there is a stranger's.
 */
export type Standing = 'wanted' | 'ours' | 'releasing';

export interface MembershipParts {
  readonly shard: string;
  readonly namespaces: Pick<Store<Namespace>, 'get' | 'values' | 'onChange'>;
  /** Something was added to `wanted`. */
  readonly onWanted: () => void;
  /** It is not ours any more: resolves when nothing of it runs here, and all that is remembered of it is forgotten. */
  readonly release: (namespace: string) => Promise<void>;
}

/**
 * Which namespaces this process works on. What it publishes (`seen`) is a version of the Namespaces up to which it has released
 * whatever is not its own: never one that it has read, and not acted on yet. What takes long to release holds back its own name alone.
 */
export class Membership implements Disposable {
  readonly #parts: MembershipParts;
  readonly #standings = new Map<string, Standing>();
  /** Of each whose label names this shard: the version since when it has done so without a break, as far as was seen. */
  readonly #since = new Map<string, string>();
  readonly #subscription: Disposable;
  /** The newest version read. */
  #read = '';
  #seen: SeenNamespaces = { version: '' };

  constructor(parts: MembershipParts) {
    this.#parts = parts;
    for (const namespace of parts.namespaces.values()) this.#settle(namespace);
    this.#publish();
    this.#subscription = parts.namespaces.onChange(({ key, old, new: now, skipped }) => {
      // Between the two its label may have named another shard, which has had it since.
      if (skipped) this.#since.delete(key);
      // A cluster that was restored goes back in its versions: what was read before says nothing of what comes.
      if (old && now && isOlder(now.metadata.resourceVersion, old.metadata.resourceVersion)) this.#readAnew();
      if (now) this.#settle(now);
      else this.#drop(key);
      this.#publish();
    });
  }

  has(namespace: string): boolean {
    return this.#standings.get(namespace) === 'ours';
  }

  /** Namespaces of this shard that it has not begun with, and the version since when the label of each names it. */
  get wanted(): ReadonlyMap<string, string> {
    const wanted = new Map<string, string>();
    for (const [name, since] of this.#since)
      if (this.#standings.get(name) === 'wanted') wanted.set(name, since);
    return wanted;
  }

  get ours(): readonly string[] {
    return this.#withStanding('ours');
  }

  get releasing(): readonly string[] {
    return this.#withStanding('releasing');
  }

  get seen(): SeenNamespaces {
    return this.#seen;
  }

  /**
   * Whether its label has named this shard in each version from `since` to `stored`: the watch has come that far and has shown no
   * other one. Whatever else is patched in between, be it every second, does not matter.
   */
  isWanted(namespace: string, since: string, stored: string): boolean {
    const now = this.#parts.namespaces.get(namespace)?.metadata.resourceVersion;
    if (this.#standings.get(namespace) !== 'wanted' || this.#since.get(namespace) !== since) return false;
    return now !== undefined && (compareVersions(now, stored) ?? -1) >= 0;
  }

  /** Nobody else works on it since `since`. False: it is not wanted in that way, so that another one may have begun. */
  take(namespace: string, since: string, stored: string): boolean {
    if (!this.isWanted(namespace, since, stored)) return false;
    this.#standings.set(namespace, 'ours');
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
    if (this.#standings.has(name)) return;
    this.#standings.set(name, 'wanted');
    this.#parts.onWanted();
  }

  #drop(name: string): void {
    this.#since.delete(name);
    const standing = this.#standings.get(name);
    if (standing === 'wanted') this.#standings.delete(name);
    if (standing !== 'ours') return;
    this.#standings.set(name, 'releasing');
    void this.#parts.release(name).finally(() => {
      this.#standings.delete(name);
      // It may have come back meanwhile: then it is had anew, as any other.
      const now = this.#parts.namespaces.get(name);
      if (now) this.#settle(now);
      this.#publish();
    });
  }

  #withStanding(wanted: Standing): readonly string[] {
    return [...this.#standings].flatMap(([name, standing]) => (standing === wanted ? name : []));
  }

  #note({ metadata: { resourceVersion } }: Namespace): void {
    if ((compareVersions(resourceVersion, this.#read) ?? 1) > 0) this.#read = resourceVersion;
  }

  #readAnew(): void {
    this.#read = '';
    this.#seen = { version: '' };
    for (const namespace of this.#parts.namespaces.values()) this.#note(namespace);
  }

  #publish(): void {
    const { releasing } = this;
    this.#seen =
      releasing.length === 0
        ? { version: this.#read }
        : { version: this.#seen.version, but: { version: this.#read, releasing } };
  }
}
