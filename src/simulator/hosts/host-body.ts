import type { KnobValues } from '../knobs/schema.ts';
import { displayNameOf } from '../resources/locations.ts';
import { type Host, type Properties, type SystemEntry, sameType, type UserEntry } from './host.ts';
import type { Hosts } from './hosts.ts';
import type { HostFrame } from './part.ts';
import { shownProperties } from './properties.ts';
import type { HostType, KeyCase } from './types.ts';

interface BodyParts {
  readonly hosts: Hosts;
  readonly knobs: { readonly values: KnobValues };
}

/**
 * A host as GET shows it: id, type, location and identities in its type's spelling, secrets left out. `host` as it is to
 * be shown, which is not as it is while a write runs.
 */
export function hostBody(parts: BodyParts, type: HostType, host: Host): Record<string, unknown> {
  const { name, kind, sku, location, tags } = host;
  const field = type.etag?.field;
  return {
    id: shownId(type, host.id),
    name,
    type: type.shownType ?? type.type,
    location: type.displayLocation ? displayNameOf(location) : location,
    ...(!(type.omitsEmptyTags && Object.keys(tags).length === 0) && { tags }),
    ...(kind !== undefined && { kind }),
    ...(sku !== undefined && { sku }),
    ...host.extra,
    ...identityPart(parts, type, host),
    ...(field && { [field]: etagOf(type, host) }),
    properties: shownProperties(host),
  };
}

/** `{ identity }`, or nothing where the type shows nothing. */
export function identityPart(parts: BodyParts, type: HostType, host: Host): { identity?: unknown } {
  const { system, user, stated } = host.identity;
  const saysNone = type.showsNone === 'always' || (type.showsNone === 'once-stated' && stated);
  if (!system && user.size === 0) return saysNone ? { identity: { type: 'None' } } : {};
  const shown = (entry: UserEntry) => {
    if (entry.withoutIds) return {};
    const ids = parts.knobs.values.hosts.deadEntriesShow === 'nulls' ? parts.hosts.speaksFor(entry) : entry;
    return { principalId: ids.principalId, clientId: ids.clientId };
  };
  const entries = [...user.values()].map((entry) => [keyOf(parts, type, entry.id), shown(entry)] as const);
  return {
    identity: {
      type: kindsOf(type, host),
      ...(system && { principalId: system.principalId, tenantId: system.tenantId }),
      ...(!system && type.tenantWithUser && { tenantId: parts.hosts.tenantOf(host) }),
      ...(user.size > 0 && { userAssignedIdentities: Object.fromEntries(entries) }),
    },
  };
}

/** The key under which GET shows an identity. */
export function keyOf({ knobs }: Pick<BodyParts, 'knobs'>, type: HostType, id: string): string {
  return spell(knobs.values.hosts.keyCase[type.type] ?? type.keyCase, id);
}

/** Quoted as HTTP has it, except where the body alone has it, as a GUID. */
export function etagOf(type: HostType, { revision, uniqueId }: Host): string {
  if (type.etag?.header !== 'never') return `"${revision}"`;
  return `${revision.toString(16).padStart(8, '0')}${uniqueId.slice(8)}`;
}

function shownId(type: HostType, id: string): string {
  return type.lowerGroupInIds ? id.replace(/\/resourcegroups\//i, '/resourcegroups/') : id;
}

function kindsOf(type: HostType, { identity }: Host): string {
  if (!identity.system) return 'UserAssigned';
  // API Management may hold both although only one was asked for; it has a spelling for both.
  return identity.user.size > 0 ? (type.combined ?? 'SystemAssigned') : 'SystemAssigned';
}

function spell(style: KeyCase, id: string): string {
  switch (style) {
    case 'as-sent':
      return id;
    case 'lower':
      return id.toLowerCase();
    case 'resourceGroups':
    case 'resourcegroups':
      return id.replace(/\/resourcegroups\//i, `/${style}/`);
  }
}

/** Ids in lists need not be spelt as in GET (docs/azure-facts.md section 2). */
export function listedId({ knobs }: HostFrame, { id, resourceGroup }: Host): string {
  if (!knobs.values.hosts.upperCaseGroupsInLists) return id;
  return id.replace(`/${resourceGroup}/`, `/${resourceGroup.toUpperCase()}/`);
}

/** A host as Azure holds it, lags and spellings aside, for tests and tools. */
export interface HostView {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly kind?: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  /** With what GET hides. */
  readonly properties: Properties;
  /** Other fields beside them: `zones`, `plan`. */
  readonly extra: Properties;
  /** Its system-assigned identity; null when it is off. */
  readonly system: SystemEntry | null;
  /** Null ids: the identity is gone, or was made again since it was attached. */
  readonly attached: readonly {
    readonly id: string;
    readonly principalId: string | null;
    readonly clientId: string | null;
  }[];
  /** Another one for each creation under the same id. */
  readonly uniqueId: string;
  /** The same, of a virtual machine. */
  readonly vmId?: string;
  readonly provisioningState: string;
  /** Counts changes; etags are made of it. */
  readonly revision: number;
  /** How often the app was started again because its identities changed. */
  readonly restarts: number;
  /** Whether an operation runs on it. */
  readonly busy: boolean;
  /** ISO 8601. */
  readonly createdAt: string;
}

export function viewOf({ hosts, operations }: HostFrame, host: Host): HostView {
  const { id, name, type, kind, location, tags, properties, identity, uniqueId, provisioningState } = host;
  return {
    id,
    name,
    type,
    ...(kind !== undefined && { kind }),
    location,
    tags,
    properties,
    extra: host.extra,
    system: identity.system ?? null,
    attached: [...identity.user.values()].map((entry) => ({ id: entry.id, ...hosts.speaksFor(entry) })),
    uniqueId,
    ...(sameType(type, 'Microsoft.Compute/virtualMachines') && { vmId: uniqueId }),
    provisioningState,
    revision: host.revision,
    restarts: host.restarts,
    busy: operations.on(id) !== undefined,
    createdAt: new Date(host.createdAt).toISOString(),
  };
}
