/**
 * How a part of the simulated Azure describes the ARM calls it answers. The frame does what every call has in common
 * (token, faults, latency, throttling, api-version, parents, rights, locks, the request log) and then calls `handle`.
 */

/** Who asks, read from a verified token. */
export interface Caller {
  /** Object id of the principal in the directory. */
  readonly objectId: string;
  /** Application (client) id. */
  readonly appId: string;
  readonly tenantId: string;
  /** Name for the request log: `controller` for azid's own identity, `someone-else` for the control endpoint. */
  readonly name: string;
  /** When the token was issued, ms of the injected clock: a new token takes a new grant at once (docs/azure-facts.md section 5). */
  readonly tokenIssuedAt: number;
}

export type Method = 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE' | 'HEAD';

export interface ArmRequest {
  readonly method: Method;
  /** Decoded path, slashes collapsed, case as sent, no query. */
  readonly path: string;
  /** Query parameters by lower-cased, decoded name (`$filter`, `api-version`). */
  readonly query: ReadonlyMap<string, string>;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Parsed JSON, or undefined without a body. */
  readonly body: unknown;
  readonly caller: Caller;
  /** Scheme and host the request came under, e.g. `https://127.0.0.1:4443`: for nextLink and operation URLs. */
  readonly origin: string;
  readonly apiVersion: string;
}

export interface ArmResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Absent = empty body. */
  readonly body?: unknown;
  /** In place of `body`: publishing profiles are XML. */
  readonly xml?: string;
}

/** Values of the pattern's placeholders, case as sent; `scope` has its leading slash and no trailing one. */
export type Params = Readonly<Record<string, string>>;

export interface Operation {
  /** Stable name used by knobs and tests, e.g. `identities.createOrUpdate`. */
  readonly id: string;
  readonly method: Method;
  /**
   * Path with `{placeholder}` segments, matched without case. `{+scope}` at the start matches any scope, also the empty
   * tenant scope: `{+scope}/providers/Microsoft.Authorization/roleAssignments/{name}`.
   */
  readonly pattern: string;
  /** For `InvalidResourceType`, e.g. `Microsoft.ManagedIdentity/userAssignedIdentities`. */
  readonly resourceType: string;
  readonly apiVersions: readonly string[];
  /** The right the caller needs at the resource, e.g. `Microsoft.ManagedIdentity/userAssignedIdentities/write`. */
  readonly action: string;
  /** Set when the operation checks rights itself (lists that show only what may be read). */
  readonly checksRights?: boolean;
  /** Set when the operation itself answers for a scope that does not exist (role assignments under a gone scope). */
  readonly checksParents?: boolean;
  /** Set when no token is asked for; the caller is anonymous. */
  readonly anonymous?: boolean;
  /** Set for locks themselves: one does not forbid writes of another. */
  readonly passesLocks?: boolean;
  /** Set for deployments: `az` sends templates as they are in the file, comments included. */
  readonly relaxedJson?: boolean;
  /** Set when the handler waits `knobs.latencyMs(id)` itself, because the work is visible while it runs. */
  readonly ownsLatency?: boolean;
  handle(request: ArmRequest, params: Params): ArmResponse | Promise<ArmResponse>;
}

/** An answer that is an ARM error body `{error:{code,message}}`. Thrown by handlers, turned into a response once. */
export class ArmError extends Error {
  override readonly name = 'ArmError';
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  /** `error.additionalInfo`: what policies say of a refusal. */
  readonly additionalInfo: readonly unknown[];
  /** Name of the resource that was refused. */
  readonly target?: string;
  /** What the error is made of, where there is more than one. */
  readonly details?: readonly unknown[];

  constructor(
    status: number,
    code: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    additionalInfo: readonly unknown[] = [],
    more: { readonly target?: string; readonly details?: readonly unknown[] } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
    this.additionalInfo = additionalInfo;
    if (more.target !== undefined) this.target = more.target;
    if (more.details !== undefined) this.details = more.details;
  }
}

/** `{ code, message, … }`, as it is under `error`. */
export function errorBody({ code, message, target, details, additionalInfo }: ArmError) {
  return {
    code,
    ...(target !== undefined && { target }),
    message,
    ...(details !== undefined && { details }),
    ...(additionalInfo.length > 0 && { additionalInfo }),
  };
}

/** A body that is no JSON, or not of the form that the operation takes; where Azure names no field. */
export const invalidContent = () =>
  new ArmError(
    400,
    'InvalidRequestContent',
    'The request content was invalid and could not be deserialized.',
  );

/** 404 of a missing resource in an existing group (docs/azure-facts.md section 2, traffic). */
export function resourceNotFound(type: string, name: string, resourceGroup: string): ArmError {
  return new ArmError(
    404,
    'ResourceNotFound',
    `The Resource '${type}/${name}' under resource group '${resourceGroup}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
    { 'x-ms-failure-cause': 'gateway' },
  );
}

/** One page of a list as ARM answers it; `nextLink` is absent on the last page. */
export interface Page {
  readonly value: readonly unknown[];
  readonly nextLink?: string;
}

type Shape<T> = (item: T) => unknown;

/**
 * Cuts a list into pages. `nextLink` is absolute, under the host and scheme of the request (src/simulator/README.md),
 * and carries all query parameters of the first call plus `$skiptoken`, the position in the list. `shape` makes the body
 * of an item, or undefined to leave it out (the caller may not read it); only the items of this page are asked about.
 */
export function page<T>(
  request: ArmRequest,
  items: readonly T[],
  pageSize: number,
  shape: Shape<T> = (item) => item,
): Page {
  const value: unknown[] = [];
  let next = Number(request.query.get('$skiptoken') ?? 0) || 0;
  for (; next < items.length && value.length < pageSize; next++) {
    const shaped = shape(items[next] as T);
    if (shaped !== undefined) value.push(shaped);
  }
  if (next >= items.length) return { value };
  const query = new URLSearchParams([...request.query].filter(([name]) => name !== '$skiptoken'));
  query.set('$skiptoken', String(next));
  return { value, nextLink: `${request.origin}${encodeURI(request.path)}?${query}` };
}

/** What `$top` asks for, never more than a page holds. */
export function pageSizeOf({ query }: Pick<ArmRequest, 'query'>, most: number): number {
  const top = Number(query.get('$top') ?? most);
  return Math.max(1, Math.min(Number.isNaN(top) ? most : top, most));
}
