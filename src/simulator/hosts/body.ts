import type { KnobValues } from '../knobs.ts';
import type { Host, UserEntry } from './host.ts';
import type { Hosts } from './hosts.ts';
import { shownProperties } from './properties.ts';
import type { HostType, KeyCase } from './types.ts';

export interface BodyParts {
  readonly hosts: Hosts;
  readonly knobs: { readonly values: KnobValues };
}

/** A host as GET shows it: identities in its type's spelling, secrets left out. */
export function hostBody(parts: BodyParts, type: HostType, host: Host): Record<string, unknown> {
  const { id, name, kind, sku, location, tags } = host;
  return {
    id,
    name,
    type: type.type,
    location,
    tags,
    ...(kind !== undefined && { kind }),
    ...(sku !== undefined && { sku }),
    ...host.extra,
    ...identityPart(parts, type, host),
    ...(type.etag && { etag: etagOf(host) }),
    properties: shownProperties(host),
  };
}

/** `{ identity }`, or nothing where the type shows nothing. */
export function identityPart(parts: BodyParts, type: HostType, host: Host): { identity?: unknown } {
  const { system, user } = host.identity;
  if (!system && user.size === 0) return type.showsNone ? { identity: { type: 'None' } } : {};
  const shown = (entry: UserEntry) => {
    const ids = parts.knobs.values.hosts.deadEntriesShow === 'nulls' ? parts.hosts.speaksFor(entry) : entry;
    return { principalId: ids.principalId, clientId: ids.clientId };
  };
  const entries = [...user.values()].map((entry) => [keyOf(parts, type, entry.id), shown(entry)] as const);
  return {
    identity: {
      type: kindsOf(type, host),
      ...(system && { principalId: system.principalId, tenantId: system.tenantId }),
      ...(user.size > 0 && { userAssignedIdentities: Object.fromEntries(entries) }),
    },
  };
}

/** The key under which GET shows an identity. */
export function keyOf({ knobs }: Pick<BodyParts, 'knobs'>, type: HostType, id: string): string {
  return spell(knobs.values.hosts.keyCase[type.type] ?? type.keyCase, id);
}

export const etagOf = ({ revision }: Host): string => `"${revision}"`;

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
