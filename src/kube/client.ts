/** The REST verbs on typed resources. No retries: whether a call may be repeated is for its caller to decide. */
import { KubeError } from './errors.ts';
import type { KubeTransport } from './transport/transport.ts';
import {
  apiVersionOf,
  collectionPath,
  creationPath,
  type KubeObject,
  keyOf,
  type ObjectKey,
  type ObjectMeta,
  objectPath,
  type Resource,
} from './types.ts';

export interface ListQuery {
  /** Only this namespace; all by default. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
  readonly timeoutMs?: number;
}

export interface List<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** Present when there are more pages. */
  readonly continue?: string;
}

interface WatchQuery {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion: string;
  /** Begin with what exists, as ADDED events, and a bookmark at the end of it. */
  readonly sendInitialEvents?: true;
  readonly resourceVersionMatch?: 'NotOlderThan';
  readonly timeoutSeconds: number;
  /** Silence that ends the watch with reason `Timeout`. */
  readonly idleMs: number;
}

interface CallOptions {
  /** For the whole call; 30 s by default. */
  readonly timeoutMs?: number;
}

export interface DeleteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

interface ApplyOptions {
  readonly fieldManager: string;
  /** Take fields over that another manager owns. */
  readonly force?: boolean;
  readonly subresource?: string;
}

/** An object to send: what the server fills in may be missing. */
export type Draft<T extends KubeObject> = Omit<T, 'metadata'> & {
  readonly metadata: Partial<ObjectMeta> & { readonly name: string };
};

/** A partial object to apply; names itself, carries only the fields that azid owns. */
export type Applied = Pick<KubeObject, 'apiVersion' | 'kind'> & {
  readonly metadata: Partial<ObjectMeta> & { readonly name: string };
  readonly [field: string]: unknown;
};

export class KubeClient {
  readonly transport: KubeTransport;

  constructor(transport: KubeTransport) {
    this.transport = transport;
  }

  get<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    signal: AbortSignal,
    options: CallOptions = {},
  ): Promise<T> {
    return this.transport.request<T>({ method: 'GET', path: objectPath(resource, key), ...options }, signal);
  }

  /** One page. `pagedList` in list.ts reads all of them. */
  async list<T extends KubeObject>(
    resource: Resource<T>,
    query: ListQuery,
    signal: AbortSignal,
  ): Promise<List<T>> {
    const { namespace, timeoutMs, ...parameters } = query;
    const path = collectionPath(resource, namespace);
    const answer = await this.transport.request<Partial<ListAnswer<T>> | undefined>(
      { method: 'GET', path, query: parameters, ...(timeoutMs === undefined ? {} : { timeoutMs }) },
      signal,
    );
    const version = answer?.metadata?.resourceVersion;
    if (!answer || version === undefined)
      throw new KubeError(`GET ${path}: the list has no resourceVersion`, { reason: 'InvalidResponse' });
    // Items of built-in kinds come without apiVersion and kind; a watch sends them, so a list must too.
    const named = { apiVersion: apiVersionOf(resource), kind: resource.kind };
    const items = (answer.items ?? []).map((item) => (item.kind ? item : { ...named, ...item }));
    const next = answer.metadata?.continue;
    return { items, resourceVersion: version, ...(next ? { continue: next } : {}) };
  }

  /** Raw watch events (`{type, object}`), one per line; ends when the server ends it. Use `reflect` for semantics. */
  watch(resource: Resource, query: WatchQuery, signal: AbortSignal): AsyncGenerator<unknown> {
    const { namespace, idleMs, ...parameters } = query;
    return this.transport.stream(
      {
        method: 'GET',
        path: collectionPath(resource, namespace),
        query: { watch: true, allowWatchBookmarks: true, ...parameters },
      },
      signal,
      { idleMs },
    );
  }

  create<T extends KubeObject>(
    resource: Resource<T>,
    object: Draft<T>,
    signal: AbortSignal,
    options: CallOptions = {},
  ): Promise<T> {
    const path = creationPath(resource, object);
    return this.transport.request<T>({ method: 'POST', path, body: object, ...options }, signal);
  }

  /**
   * Returns the object while finalizers keep it, undefined when it is gone. A precondition that does not hold throws
   * a conflict; an object that does not exist throws not found.
   */
  async delete<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    options: DeleteOptions,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...options };
    const answer = await this.transport.request<Partial<T> | undefined>(
      { method: 'DELETE', path: objectPath(resource, key), body },
      signal,
    );
    return answer?.metadata?.deletionTimestamp && answer.metadata.finalizers?.length
      ? (answer as T)
      : undefined;
  }

  /** PUT of the whole object; a conflict if its resourceVersion is no longer current. */
  replace<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    signal: AbortSignal,
    options: CallOptions & { readonly subresource?: string } = {},
  ): Promise<T> {
    const { subresource, ...rest } = options;
    const path = objectPath(resource, keyOf(object), subresource);
    return this.transport.request<T>({ method: 'PUT', path, body: object, ...rest }, signal);
  }

  /** JSON merge patch (RFC 7396): null removes, a list replaces. */
  mergePatch<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    body: object,
    signal: AbortSignal,
    options: { readonly subresource?: string } = {},
  ): Promise<T> {
    return this.transport.request<T>(
      {
        method: 'PATCH',
        path: objectPath(resource, key, options.subresource),
        body,
        contentType: 'application/merge-patch+json',
      },
      signal,
    );
  }

  /** Server-side apply: creates or updates; fields applied before and now left out are removed. */
  apply<T extends KubeObject>(
    resource: Resource<T>,
    object: Applied,
    options: ApplyOptions,
    signal: AbortSignal,
  ): Promise<T> {
    return this.transport.request<T>(
      {
        method: 'PATCH',
        path: objectPath(resource, keyOf(object), options.subresource),
        query: { fieldManager: options.fieldManager, force: options.force ?? false },
        body: object,
        contentType: 'application/apply-patch+yaml',
      },
      signal,
    );
  }
}

interface ListAnswer<T> {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items: readonly T[] | null;
}
