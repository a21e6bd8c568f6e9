/**
 * ARM ids: parsed once, compared by key. Azure keeps no stable case in them (`/resourcegroups/` comes back
 * although `resourceGroups` was sent, docs/azure-facts.md section 2), so nothing in azid compares two ids in any other way than
 * by `armKey`. On the wire the spelling that Azure returned is sent back.
 */

import { asciiLower, sameText } from './text.ts';

/** An id taken apart. Case and spelling as given. */
interface ResourceId {
  readonly subscriptionId: string;
  /** Absent at subscription scope. */
  readonly resourceGroup?: string;
  /** Namespace, e.g. `Microsoft.ManagedIdentity`; absent at subscription or group scope. */
  readonly provider?: string;
  /** Type and name pairs from the outside in: a slot has two of them. Empty at subscription or group scope. */
  readonly path: readonly { readonly type: string; readonly name: string }[];
  /** The last name: of the resource, else of the group, else the subscription id. */
  readonly name: string;
}

export interface IdentityCoordinates {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
}

/** No name in Azure holds these, and in a URL they would turn the path into another one. Of one name, or of a whole id. */
const UNSAFE = /(?:^|\/)\.{1,2}(?:$|\/)|[?#%\\\p{Cc}]/u;

/** Whether a text can be one name within an id. */
export function isSegment(text: string): boolean {
  return text !== '' && !text.includes('/') && !UNSAFE.test(text);
}

/** What an id is compared by: ASCII letters in lower case, single slashes, a leading and no trailing one. The root scope is `/`. */
export function armKey(id: string): string {
  // Nearly all ids are as Azure writes them, and each is compared thousands of times.
  return asciiLower(hasEvenSlashes(id) ? id : `/${segments(id).join('/')}`);
}

/** Whether two ids name the same thing in Azure. */
export function sameId(left: string, right: string): boolean {
  return armKey(left) === armKey(right);
}

/** Parses a subscription, resource group or resource id. Extension resources keep their host's path and the last provider. */
export function parseResourceId(id: string): ResourceId {
  if (UNSAFE.test(id)) throw malformed(id);
  const parts = segments(id);
  const [head, subscriptionId, ...rest] = parts;
  if (!sameText(head ?? '', 'subscriptions') || !subscriptionId) throw malformed(id);
  if (rest.length === 0) return { subscriptionId, path: [], name: subscriptionId };
  let resourceGroup: string | undefined;
  if (sameText(rest[0] ?? '', 'resourcegroups')) {
    resourceGroup = rest[1];
    if (!resourceGroup) throw malformed(id);
    rest.splice(0, 2);
  }
  const group = resourceGroup === undefined ? {} : { resourceGroup };
  if (rest.length === 0) return { subscriptionId, ...group, path: [], name: resourceGroup ?? subscriptionId };
  return { subscriptionId, ...group, ...resourcePath(rest, id) };
}

/** The id of a user-assigned identity, spelt as azid sends it. */
export function identityId({ subscriptionId, resourceGroup, name }: IdentityCoordinates): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
}

/** The coordinates of a user-assigned identity; anything else is refused by name. */
export function parseIdentityId(id: string): IdentityCoordinates {
  const { subscriptionId, resourceGroup, provider, path, name } = parseResourceId(id);
  const [only, ...more] = path;
  const matches =
    sameText(provider ?? '', 'microsoft.managedidentity') &&
    sameText(only?.type ?? '', 'userassignedidentities') &&
    more.length === 0;
  if (!matches || resourceGroup === undefined)
    throw new TypeError(
      `Expected the ARM id of a user-assigned identity (/subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>), got ${quote(id)}`,
    );
  return { subscriptionId, resourceGroup, name };
}

/** The same, undefined for what is none: a status or a ledger may have been edited by any user who may write it. */
export function parseIdentityIdIfAny(id: string): IdentityCoordinates | undefined {
  return ifParsed(() => parseIdentityId(id));
}

/** What `parse` makes of a text that another client may have written; undefined where it throws `TypeError`, since the text is no such id. */
export function ifParsed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** The key of the resource group that the key of something lies in, or is itself; undefined: it lies in none. */
export function groupOf(key: string): string | undefined {
  return /^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+/.exec(key)?.[0];
}

/**
 * The scope directly above: the host of a child or extension resource, the group of a resource, the subscription of a
 * group, `undefined` above a subscription.
 */
export function parentScope(id: string): string | undefined {
  const parts = segments(id);
  parseResourceId(id);
  if (parts.length <= 2) return undefined;
  // A provider's own path is `providers/<namespace>/<type>/<name>`: with its first pair the namespace goes too.
  const cut = sameText(parts.at(-4) ?? '', 'providers') ? 4 : 2;
  return `/${parts.slice(0, parts.length - cut).join('/')}`;
}

/** Whether `id` is `scope` or lies under it, segment by segment: `…/rg1` does not hold `…/rg10`. */
export function isWithinScope(id: string, scope: string): boolean {
  const outer = armKey(scope);
  if (outer === '/') return true;
  const inner = armKey(id);
  return inner === outer || inner.startsWith(`${outer}/`);
}

/** A slash at the start, none at the end, no two in a row. */
function hasEvenSlashes(id: string): boolean {
  return id.startsWith('/') && !id.endsWith('/') && !id.includes('//');
}

function segments(id: string): string[] {
  return id.split('/').filter((segment) => segment !== '');
}

function resourcePath(
  rest: readonly string[],
  id: string,
): Pick<ResourceId, 'path' | 'name'> & { provider: string } {
  let provider: string | undefined;
  const path: { type: string; name: string }[] = [];
  for (let at = 0; at < rest.length; at += 2) {
    const [type, name] = [rest[at], rest[at + 1]];
    if (!type || !name) throw malformed(id);
    if (sameText(type, 'providers')) provider = name;
    else if (provider === undefined) throw malformed(id);
    else path.push({ type, name });
  }
  const last = path.at(-1);
  if (provider === undefined || !last) throw malformed(id);
  return { provider, path, name: last.name };
}

function malformed(id: string): TypeError {
  return new TypeError(
    `Expected an ARM id (/subscriptions/<id>[/resourceGroups/<group>][/providers/<namespace>/<type>/<name>…]), got ${quote(id)}`,
  );
}

function quote(id: string): string {
  return id === '' ? 'an empty string' : `"${id.length > 200 ? `${id.slice(0, 200)}…` : id}"`;
}
