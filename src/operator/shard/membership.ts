import { shardNamed } from '../../api/schema/shard.ts';
import type { Namespace } from '../../kube/builtin.ts';
import { compareVersions, isOlder } from '../../kube/informer/resource-version.ts';
import type { Store } from '../../kube/informer/store.ts';

/**
 * How a namespace stands to this shard: `wanted` by its label, and not had yet, since another one may still work on it; `ours`;
 * `leaving`, since its label names another shard now and something of it still runs here. One that is not there is a stranger's.
 */
export type Standing = 'wanted' | 'ours' | 'leaving';

export interface MembershipParts {
  readonly shard: string;
  readonly namespaces: Pick<Store<Namespace>, 'get' | 'values' | 'onChange'>;
  /** Something was added to `wanted`. */
  readonly onWanted: () => void;
  /** It is not ours any more: resolves when nothing of it runs here, and all that is remembered of it is forgotten. */
  readonly letGo: (namespace: string) => Promise<void>;
}

/**
 * Which namespaces this process works on. What it publishes (`seen`) is a version of the Namespaces up to which it has let go of
 * whatever is not its own: never one that it has read, and not acted on yet.
 */
export class Membership implements Disposable {
  readonly #parts: MembershipParts;
  readonly #standings = new Map<string, Standing>();
  readonly #subscription: Disposable;
  /** The newest version read. */
  #read = '';
  #seen = '';

  constructor(parts: MembershipParts) {
    this.#parts = parts;
    for (const namespace of parts.namespaces.values()) this.#settle(namespace);
    this.#publish();
    this.#subscription = parts.namespaces.onChange(({ key, old, new: now }) => {
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

  /** Namespaces of this shard that it has not begun with, and the version in which each is to be had. */
  get wanted(): ReadonlyMap<string, string> {
    const wanted = new Map<string, string>();
    for (const [name, standing] of this.#standings) {
      const version = this.#parts.namespaces.get(name)?.metadata.resourceVersion;
      if (standing === 'wanted' && version !== undefined) wanted.set(name, version);
    }
    return wanted;
  }

  get ours(): readonly string[] {
    return [...this.#standings].flatMap(([name, standing]) => (standing === 'ours' ? name : []));
  }

  get seen(): string {
    return this.#seen;
  }

  /** Nobody else works on it, in this version. False: it has changed since, so that another one may have begun, or is not wanted. */
  take(namespace: string, version: string): boolean {
    const now = this.#parts.namespaces.get(namespace)?.metadata.resourceVersion;
    if (this.#standings.get(namespace) !== 'wanted' || now !== version) return false;
    this.#standings.set(namespace, 'ours');
    return true;
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  #settle(namespace: Namespace): void {
    this.#note(namespace);
    const { name } = namespace.metadata;
    const standing = this.#standings.get(name);
    if (shardNamed(namespace) !== this.#parts.shard) this.#drop(name);
    else if (standing === undefined) {
      this.#standings.set(name, 'wanted');
      this.#parts.onWanted();
    }
  }

  #drop(name: string): void {
    const standing = this.#standings.get(name);
    if (standing === 'wanted') this.#standings.delete(name);
    if (standing !== 'ours') return;
    this.#standings.set(name, 'leaving');
    void this.#parts.letGo(name).finally(() => {
      this.#standings.delete(name);
      // It may have come back meanwhile: then it is had anew, as any other.
      const now = this.#parts.namespaces.get(name);
      if (now) this.#settle(now);
      this.#publish();
    });
  }

  #note({ metadata: { resourceVersion } }: Namespace): void {
    if ((compareVersions(resourceVersion, this.#read) ?? 1) > 0) this.#read = resourceVersion;
  }

  #readAnew(): void {
    this.#read = '';
    this.#seen = '';
    for (const namespace of this.#parts.namespaces.values()) this.#note(namespace);
  }

  #publish(): void {
    if (![...this.#standings.values()].includes('leaving')) this.#seen = this.#read;
  }
}
