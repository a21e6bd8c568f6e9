/**
 * Where hosts are listed (docs/azure-facts.md section 7, "Listing hosts"): each type by its provider, for a subscription as a
 * whole; slots only for one site at a time. An area is a text, so that it can be a key:
 * `/subscriptions/<id>|microsoft.compute/virtualmachines`, `<id of the site>|microsoft.web/sites/slots`.
 */

import { hostTypeOf } from '../../azure/hosts/capabilities.ts';
import { armKey, parseResourceId } from '../../azure/names/resource-id.ts';
import { asciiLower } from '../../azure/names/text.ts';

const SITES = 'microsoft.web/sites';
const SLOTS = `${SITES}/slots`;

/** All in lower case. */
export interface HostArea {
  readonly subscriptionId: string;
  readonly type: string;
  /** Only of a list of slots: the id of their site, absent where those of all sites are meant. */
  readonly siteId?: string;
}

/** All hosts of a type in a subscription: the area that a selector needs. Any case. */
export function hostArea(subscriptionId: string, type: string): string {
  return areaText(`/subscriptions/${subscriptionId}`, type);
}

/** The area whose list shows this host: that of its type, or for a slot that of its own site. Throws as `hostTypeOf`. */
export function areaOfHost(id: string): string {
  const type = asciiLower(hostTypeOf(id));
  const parts = armKey(id).split('/');
  return type === SLOTS ? slotsArea(parts.slice(0, -2).join('/')) : hostArea(parts[2] ?? '', type);
}

/** The slots of one site. */
export function slotsArea(siteId: string): string {
  return areaText(siteId, SLOTS);
}

export function parseHostArea(area: string): HostArea {
  const [scope = '', type, ...more] = area.split('|');
  if (!type || more.length > 0)
    throw new TypeError(
      `Expected an area of hosts (</subscriptions/id>|<type>), got "${area.slice(0, 200)}"`,
    );
  const { subscriptionId, provider } = parseResourceId(scope);
  return { subscriptionId, type, ...(provider !== undefined && { siteId: scope }) };
}

/** Slots of all sites of a subscription: no list of Azure has them, so the sites are listed, and then each site's slots. */
export function isAllSlots({ type, siteId }: HostArea): boolean {
  return type === SLOTS && siteId === undefined;
}

/** The slots of one site: a subscription has as many such areas as sites. */
export function isOneOfMany(area: string): boolean {
  return parseHostArea(area).siteId !== undefined;
}

/** For the list of the sites that have the slots. */
export const SITE_TYPE = SITES;

function areaText(scope: string, type: string): string {
  return `${armKey(scope)}|${asciiLower(type)}`;
}
