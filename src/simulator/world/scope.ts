/** ARM ids, scopes and GUIDs as the simulator compares them: without regard to case, slashes collapsed (docs/azure-facts.md section 2). */

/** The key of a scope: lower-case, single slashes, no slash at the end; `/` for the tenant root (also for ''). */
export function scopeKey(scope: string): string {
  const key = scope.toLowerCase();
  // Most come as clients write them; the rest costs more, at each of thousands of requests.
  if (key.startsWith('/') && !key.endsWith('/') && !key.includes('//')) return key;
  return `/${key}`.replace(/\/+/g, '/').replace(/(?<=.)\/$/, '');
}

type Scope =
  | { readonly kind: 'tenant' }
  | { readonly kind: 'managementGroup'; readonly name: string }
  | { readonly kind: 'subscription'; readonly subscriptionId: string }
  | { readonly kind: 'resourceGroup'; readonly subscriptionId: string; readonly resourceGroup: string }
  | { readonly kind: 'resource'; readonly subscriptionId?: string; readonly resourceGroup?: string };

/** What a scope denotes; parts in the case given. Anything that is none of the first four counts as a resource. */
export function parseScope(scope: string): Scope {
  const parts = scope.split('/').filter((part) => part !== '');
  const lower = parts.map((part) => part.toLowerCase());
  if (parts.length === 0) return { kind: 'tenant' };
  if (
    parts.length === 4 &&
    lower[0] === 'providers' &&
    lower[1] === 'microsoft.management' &&
    lower[2] === 'managementgroups'
  )
    return { kind: 'managementGroup', name: parts[3] ?? '' };
  if (lower[0] !== 'subscriptions' || parts[1] === undefined) return { kind: 'resource' };
  const subscriptionId = parts[1];
  if (parts.length === 2) return { kind: 'subscription', subscriptionId };
  if (lower[2] !== 'resourcegroups' || parts[3] === undefined) return { kind: 'resource', subscriptionId };
  const resourceGroup = parts[3];
  if (parts.length === 4) return { kind: 'resourceGroup', subscriptionId, resourceGroup };
  return { kind: 'resource', subscriptionId, resourceGroup };
}

/**
 * The scope directly above, by the shape of the id alone: child resource -> resource -> group -> subscription -> `/`;
 * an extension resource (`…/providers/Microsoft.Authorization/roleAssignments/x`) -> what it extends; a collection
 * (`…/userAssignedIdentities` without a name) -> where it lists. Management groups stand between subscription and root
 * only in the `World`, which has their members. Undefined above `/`.
 */
export function parentScope(scope: string): string | undefined {
  const key = scopeKey(scope);
  if (key === '/') return undefined;
  const parts = key.slice(1).split('/');
  // What follows the last `providers`: a namespace, then pairs of type and name; an odd end is a collection.
  const start = parts.lastIndexOf('providers');
  const tail = parts.length - start - 1;
  parts.splice(start >= 0 && tail >= 2 && tail % 2 === 0 ? -1 : -2);
  if (parts.at(-2) === 'providers') parts.splice(-2);
  return scopeKey(parts.join('/'));
}

/** True for the scope itself and everything beneath it by id (segment-wise: rg1 is not above rg10). */
export function isWithin(id: string, scope: string): boolean {
  const key = scopeKey(id);
  const above = scopeKey(scope);
  return above === '/' || key === above || key.startsWith(`${above}/`);
}

/** GUIDs as the authorization service takes and prints them. */
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const isGuid = (text: string): boolean => GUID.test(text);

/** 32 hex digits without dashes: the form inside the service's messages (docs/azure-facts.md section 5). */
export const bareHex = (guid: string): string => guid.replaceAll('-', '').toLowerCase();

/** The GUID at the end of a full id, or the text itself, lower-case. */
export const trailingGuid = (id: string): string => (id.split('/').at(-1) ?? '').toLowerCase();

/** The placeholder `{+scope}`: empty at the tenant. */
export const scopeOf = (params: Readonly<Record<string, string>>): string =>
  params.scope === undefined || params.scope === '' ? '/' : params.scope;
