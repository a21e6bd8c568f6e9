import type { Caller, Method } from '../http/operation.ts';
import { parseScope, scopeKey } from '../world/scope.ts';

export interface BucketSize {
  /** Calls that may come at once. */
  readonly capacity: number;
  /** Calls added per second. */
  readonly refillPerSecond: number;
}

/** A bucket a call draws from, and how Azure words its refusal. */
export interface Limit {
  readonly key: string;
  readonly size: BucketSize;
  /** Name of the remaining-header this bucket feeds, without `x-ms-ratelimit-remaining-`; absent = none. */
  readonly header?: string;
  /** Stands before the number in that header. */
  readonly headerLabel?: string;
  readonly refusal: (seconds: number) => { readonly code: string; readonly message: string };
}

export interface ThrottledCall {
  readonly method: Method;
  readonly path: string;
  readonly caller: Caller;
}

type Kind = 'reads' | 'writes' | 'deletes';

/** docs/azure-facts.md section 9, per subscription (or tenant), caller and kind. Microsoft: "token bucket" limits of 2024. */
const ARM: Readonly<Record<Kind, BucketSize>> = {
  reads: { capacity: 250, refillPerSecond: 25 },
  writes: { capacity: 200, refillPerSecond: 10 },
  deletes: { capacity: 200, refillPerSecond: 10 },
};

/** All callers of a subscription together may have so many times a single caller's limit (docs/azure-facts.md section 9). */
const ALL_CALLERS = 15;

/**
 * ARM's own limits for a call. A call that names a subscription draws from the subscription's buckets, any other from
 * the tenant's (Microsoft Learn, "Understand how Azure Resource Manager throttles requests").
 */
export function armLimits({ method, path, caller }: ThrottledCall): Limit[] {
  const kind = kindOf(method);
  const parsed = parseScope(path);
  const subscriptionId = 'subscriptionId' in parsed ? parsed.subscriptionId : undefined;
  const area = subscriptionId ? `subscription '${subscriptionId}'` : `tenant '${caller.tenantId}'`;
  const refusal = (seconds: number) => ({
    code: subscriptionId ? 'SubscriptionRequestsThrottled' : 'TenantRequestsThrottled',
    message: `Number of '${kind.slice(0, -1)}' requests for ${area} actor '${caller.objectId}' exceeded. Please try again after '${seconds}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information.`,
  });
  const scope = (subscriptionId ?? caller.tenantId).toLowerCase();
  const own: Limit = {
    key: `arm/${scope}/${caller.objectId}/${kind}`,
    size: ARM[kind],
    // No tenant header for deletes is listed (docs/azure-facts.md section 9).
    ...(subscriptionId
      ? { header: `subscription-${kind}` }
      : kind !== 'deletes' && { header: `tenant-${kind}` }),
    refusal,
  };
  if (!subscriptionId) return [own];
  const { capacity, refillPerSecond } = ARM[kind];
  const all: Limit = {
    key: `arm/${scope}/*/${kind}`,
    size: { capacity: capacity * ALL_CALLERS, refillPerSecond: refillPerSecond * ALL_CALLERS },
    header: `subscription-global-${kind}`,
    refusal,
  };
  return [own, all];
}

/** Requests per second of the managed-identity provider (docs/azure-facts.md section 9). */
const IDENTITY_PROVIDER = {
  write: { tenant: 10, subscription: 2, resource: 0.25 },
  delete: { tenant: 10, subscription: 2, resource: 0.25 },
  get: { tenant: 30, subscription: 10, resource: 0.5 },
  list: { tenant: 15, subscription: 5, resource: 0.25 },
} as const;

/**
 * The window over which those rates are granted. Not stated; Microsoft words the same provider's other limits "per 20
 * seconds" (docs/azure-facts.md section 3), and recorded traffic has two PUTs of one identity 3 s apart, which 0.25/s alone forbids.
 */
const WINDOW_SECONDS = 20;

const PROVIDER =
  /\/providers\/microsoft\.managedidentity\/userassignedidentities(?:\/([^/]+))?(?:\/([^/]+)(?:\/[^/]+)?)?\/?$/i;

/** The provider's limits for a call; none for calls to other providers. Credentials count for their identity. */
export function identityProviderLimits({ method, path, caller }: ThrottledCall): Limit[] {
  const found = PROVIDER.exec(path);
  if (!found) return [];
  const collection = found[1] === undefined || /\/federatedidentitycredentials\/?$/i.test(path);
  const kind =
    method === 'DELETE'
      ? 'delete'
      : method === 'GET'
        ? collection
          ? 'list'
          : 'get'
        : method === 'POST'
          ? 'get'
          : 'write';
  const resource =
    found[2] === undefined
      ? path
      : path.slice(0, path.toLowerCase().lastIndexOf(`/${found[2].toLowerCase()}`));
  const parsed = parseScope(path);
  const subscriptionId = 'subscriptionId' in parsed ? (parsed.subscriptionId ?? '') : '';
  const limit = (level: 'tenant' | 'subscription' | 'resource', id: string): Limit => {
    const rate = IDENTITY_PROVIDER[kind][level];
    return {
      key: `identity/${level}/${scopeKey(id)}/${kind}`,
      size: { capacity: rate * WINDOW_SECONDS, refillPerSecond: rate },
      // Wording and code of microsoft/onefuzz#249; for tenant and subscription by analogy (unsure).
      refusal: (seconds) => ({
        code: '429',
        message: `Request is temporarily throttled because ${level} ${id} has issued too many requests. Retry after ${seconds} seconds.`,
      }),
    };
  };
  return [
    limit('resource', resource),
    limit('subscription', subscriptionId),
    limit('tenant', caller.tenantId),
  ];
}

const MACHINE = /\/providers\/microsoft\.compute\/virtualmachines\/[^/]+\/?$/i;

/**
 * About 12 updates per virtual machine and window, reported in `x-ms-ratelimit-remaining-resource` (docs/azure-facts.md section 7,
 * traffic). That the window is 3 minutes, and the words of the refusal, are unsure.
 */
export function computeLimits({ method, path }: ThrottledCall): Limit[] {
  if ((method !== 'PATCH' && method !== 'PUT') || !MACHINE.test(path)) return [];
  return [
    {
      key: `compute/${scopeKey(path)}/update`,
      size: { capacity: 12, refillPerSecond: 12 / 180 },
      header: 'resource',
      headerLabel: 'Microsoft.Compute/UpdateVMResource;',
      refusal: (seconds) => ({
        code: 'OperationNotAllowed',
        message: `The server rejected the request because too many requests have been received for this resource: the allowed limit of operation group 'UpdateVMResource' is exceeded. Please try again after '${seconds}' seconds.`,
      }),
    },
  ];
}

function kindOf(method: Method): Kind {
  switch (method) {
    case 'GET':
    case 'HEAD':
      return 'reads';
    case 'DELETE':
      return 'deletes';
    case 'PUT':
    case 'PATCH':
    case 'POST':
      return 'writes';
  }
}
