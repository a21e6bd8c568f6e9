/** What a hint is about, in terms of the caches: pure, from the id and the operation alone. */
import { parseCredentialId } from '../../azure/azure-federated-credential.ts';
import { parseAssignmentId } from '../../azure/azure-role-assignment.ts';
import { hostTypeOf } from '../../azure/hosts/capabilities.ts';
import { trailingGuid } from '../../azure/names/guid.ts';
import {
  armKey,
  ifParsed,
  parentScope,
  parseIdentityId,
  parseResourceId,
} from '../../azure/names/resource-id.ts';
import { areaOf } from '../../azure/names/scope.ts';
import { asciiLower } from '../../azure/names/text.ts';
import { areaOfHost, SITE_TYPE, slotsArea } from '../../cache/hosts/area.ts';
import type { Hint } from '../hint.ts';

export type CacheName = 'identities' | 'credentials' | 'assignments' | 'hosts' | 'roles';

export type Target =
  /** One resource: read it. */
  | { readonly type: 'resource'; readonly cache: CacheName; readonly area: string; readonly id: string }
  /** What one list shows: take it anew. */
  | { readonly type: 'area'; readonly cache: CacheName; readonly area: string }
  /** A role in areas other than the one it was written at: its scopes may span them, and the id does not show which. */
  | { readonly type: 'elsewhere'; readonly guid: string; readonly area: string }
  /** All that is held beneath a group that is gone. */
  | { readonly type: 'beneath'; readonly scope: string }
  /** All lists of a subscription: things went elsewhere, and their new ids are not known. */
  | { readonly type: 'subscription'; readonly subscriptionId: string };

const ROLE_DEFINITIONS = '/providers/microsoft.authorization/roledefinitions/';

/** None: nothing that azid reads. Throws for no id. */
export function targetsOf({ id, change }: Pick<Hint, 'id' | 'change'>): readonly Target[] {
  const key = armKey(id);
  // Most events are of what is none of these: to find that out by what their parsers throw would cost ten times as much.
  const reader = READERS.find(([of]) => key.includes(of))?.[1] ?? readResource;
  return orNone(() => reader(id, key, change));
}

type Reader = (id: string, key: string, change: Hint['change']) => readonly Target[];

const readIdentity: Reader = (id) => [
  resource('identities', asciiLower(parseIdentityId(id).subscriptionId), id),
];
const readCredential: Reader = (id) => [
  resource('credentials', armKey(parseCredentialId(id).identityId), id),
];
const readAssignment: Reader = (id) => [resource('assignments', areaOf(parseAssignmentId(id).scope), id)];
/** A list where it was written, since it may be new there; where it is known besides, that it is read again. */
const readRole: Reader = (id, key) => {
  const area = areaOf(id.slice(0, key.lastIndexOf(ROLE_DEFINITIONS)) || '/');
  const guid = trailingGuid('the role', id);
  return [
    { type: 'area', cache: 'roles', area },
    { type: 'elsewhere', guid, area },
  ];
};

/** A group, or what may have an identity. */
const readResource: Reader = (id, key, change) => {
  const { subscriptionId, provider, resourceGroup } = parseResourceId(id);
  if (provider === undefined) {
    if (resourceGroup === undefined || change === 'write') return [];
    return change === 'delete'
      ? [{ type: 'beneath', scope: id }]
      : [{ type: 'subscription', subscriptionId }];
  }
  const site = siteOf(id);
  // A swap changes the site and each of its slots, whichever of them the call named.
  if (site === undefined || change !== 'action') return [resource('hosts', areaOfHost(id), id)];
  const whole = resource('hosts', areaOfHost(site), site);
  const slots: Target = { type: 'area', cache: 'hosts', area: slotsArea(site) };
  return key === armKey(site) ? [whole, slots] : [whole, slots, resource('hosts', areaOfHost(id), id)];
};

/** By what the key of an id of the kind holds: an assignment may be at any of the others. */
const READERS: readonly (readonly [string, Reader])[] = [
  ['/providers/microsoft.authorization/roleassignments/', readAssignment],
  [ROLE_DEFINITIONS, readRole],
  ['/federatedidentitycredentials/', readCredential],
  ['/providers/microsoft.managedidentity/userassignedidentities/', readIdentity],
];

function resource(cache: CacheName, area: string, id: string): Target {
  return { type: 'resource', cache, area, id };
}

/** The site that this is, or that it is a slot of. */
function siteOf(id: string): string | undefined {
  const type = asciiLower(hostTypeOf(id));
  if (type === SITE_TYPE) return id;
  return type === `${SITE_TYPE}/slots` ? parentScope(id) : undefined;
}

/** Texts that are no such id concern nothing that azid reads. */
function orNone(read: () => readonly Target[]): readonly Target[] {
  return ifParsed(read) ?? [];
}
