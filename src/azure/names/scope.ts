/** Scopes of role assignments: from the tenant (`/`) down to one resource (docs/azure-facts.md section 2). */
import { armKey, parseResourceId } from './resource-id.ts';

type Scope =
  | { readonly kind: 'tenant' }
  | { readonly kind: 'managementGroup'; readonly name: string }
  | { readonly kind: 'subscription'; readonly subscriptionId: string }
  | { readonly kind: 'resourceGroup'; readonly subscriptionId: string; readonly resourceGroup: string }
  /** Without a subscription: a resource of the tenant, such as a billing account. */
  | { readonly kind: 'resource'; readonly subscriptionId?: string };

const MANAGEMENT_GROUP = /^\/providers\/microsoft\.management\/managementgroups\/([^/]+)$/i;

/** What a scope is; throws `TypeError` for what is none. An empty string is refused: the tenant is `/`. */
export function parseScope(scope: string): Scope {
  if (scope === '/') return { kind: 'tenant' };
  const path = slashed(scope);
  if (!/^\/providers\//i.test(path)) {
    const { subscriptionId, resourceGroup, provider } = parseResourceId(path);
    if (provider !== undefined) return { kind: 'resource', subscriptionId };
    if (resourceGroup !== undefined) return { kind: 'resourceGroup', subscriptionId, resourceGroup };
    return { kind: 'subscription', subscriptionId };
  }
  // Beneath the tenant a resource's path has the same shape as beneath a subscription.
  const { name } = parseResourceId(`/subscriptions/none${path}`);
  return MANAGEMENT_GROUP.test(path) ? { kind: 'managementGroup', name } : { kind: 'resource' };
}

/** The subscription a scope lies in, which is what Azure counts calls by; undefined above subscriptions. */
export function subscriptionOf(scope: string): string | undefined {
  const parsed = parseScope(scope);
  return 'subscriptionId' in parsed ? parsed.subscriptionId : undefined;
}

/** The scope as SDKs want it, without its leading slash: with one, URLs begin with two (docs/azure-facts.md section 2). */
export function wireScope(scope: string): string {
  parseScope(scope);
  return slashed(scope).slice(1);
}

/**
 * The bulk list an assignment shows in at home: of its subscription, else of its own scope. Other lists show it too, as
 * inherited, but say nothing about its absence.
 */
export function areaOf(scope: string): string {
  const subscriptionId = subscriptionOf(scope);
  return subscriptionId === undefined ? armKey(scope) : `/subscriptions/${subscriptionId.toLowerCase()}`;
}

function slashed(scope: string): string {
  return `/${scope
    .split('/')
    .filter((segment) => segment !== '')
    .join('/')}`;
}
