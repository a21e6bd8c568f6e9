import type { ConfigMap } from '../../kube/builtin.ts';
import type { KubeClient } from '../../kube/client.ts';
import { KubeError } from '../../kube/errors.ts';
import type { ObjectMeta } from '../../kube/types.ts';

/** An API server of ConfigMaps alone, whose answers can be held back or be refusals. */

export const INSTALLATION = 'b7d8a1f0-0000-4000-8000-000000000001';
const NAMESPACE = 'azid-system';

interface Patch {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>>; readonly ownerReferences?: null };
  readonly data?: Readonly<Record<string, string | null>>;
}

export class HeldConfigMaps {
  readonly maps = new Map<string, ConfigMap>();
  /** `patch azid-principals-0` and so on. */
  readonly calls: string[] = [];
  /** Comes before a call takes effect. */
  before: (call: string) => Promise<void> | void = () => {};
  /** Comes after it took effect and before it is answered. */
  after: (call: string) => Promise<void> | void = () => {};

  readonly client = {
    list: async () => ({
      items: [...this.maps.values()].filter(({ metadata }) => metadata.labels?.['azid.dev/record']),
    }),
    create: (_resource: unknown, draft: ConfigMap) =>
      this.#call(`create ${draft.metadata.name}`, () => {
        const { name } = draft.metadata;
        if (this.maps.has(name)) throw new KubeError(name, { status: 409, reason: 'AlreadyExists' });
        this.maps.set(name, draft);
        return draft;
      }),
    mergePatch: (_resource: unknown, key: string, patch: Patch) => {
      const name = key.slice(NAMESPACE.length + 1);
      return this.#call(`patch ${name}`, () => this.#patch(name, patch));
    },
  } as unknown as Pick<KubeClient, 'list' | 'create' | 'mergePatch'>;

  get parts() {
    return { client: this.client, namespace: NAMESPACE, installationId: INSTALLATION };
  }

  put(name: string, data: Readonly<Record<string, string>>, metadata: Partial<ObjectMeta> = {}): void {
    const labels = { 'azid.dev/record': 'principals' };
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels, ...metadata }, data };
    this.maps.set(name, object as unknown as ConfigMap);
  }

  /** Records of all ConfigMaps, as principals by uid. */
  get records(): Readonly<Record<string, string>> {
    const all = [...this.maps.values()].flatMap(({ data = {} }) => Object.entries(data));
    return Object.fromEntries(all.map(([uid, text]) => [uid, text.split(' ')[0] ?? '']));
  }

  #patch(name: string, { metadata = {}, data = {} }: Patch): ConfigMap {
    const map = this.maps.get(name);
    if (!map) throw new KubeError(`configmaps "${name}" not found`, { status: 404, reason: 'NotFound' });
    const { ownerReferences: _, ...kept } = map.metadata;
    const labels = { ...map.metadata.labels, ...metadata.labels };
    const next = Object.entries({ ...map.data, ...data }).filter(([, value]) => value !== null);
    const owned = metadata.ownerReferences === null ? kept : map.metadata;
    const patched = { ...map, metadata: { ...owned, labels }, data: Object.fromEntries(next) as never };
    this.maps.set(name, patched);
    return patched;
  }

  async #call<T>(call: string, effect: () => T): Promise<T> {
    this.calls.push(call);
    await this.before(call);
    const answer = effect();
    await this.after(call);
    return answer;
  }
}

export const forbidden = () =>
  new KubeError('configmaps "azid-principals-1" is forbidden: cannot patch', {
    status: 403,
    reason: 'Forbidden',
  });

/** Opens once for all who wait. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
