import type { HostSelector } from '../../../api/identity-attachment.ts';
import type { AzureHost } from '../../../azure/hosts/host.ts';
import { asciiLower, sameText } from '../../../azure/names/ascii.ts';
import { armKey, isWithinScope } from '../../../azure/names/resource-id.ts';
import { hostArea } from '../../../cache/hosts/area.ts';

/** The subscription or resource group that a selector covers. */
export function selectorScope({ subscriptionId, resourceGroup }: HostSelector): string {
  const subscription = `/subscriptions/${subscriptionId}`;
  return resourceGroup === undefined ? subscription : `${subscription}/resourceGroups/${resourceGroup}`;
}

/** A selector says in words that it means everything; what says nothing, as older objects may, chooses nothing. */
export function choosesByWord({ tags = {}, all = false }: HostSelector): boolean {
  return all !== Object.keys(tags).length > 0;
}

/**
 * The area of a selector, as one of the places of each resource there (`placesOf`): a host's own group and its
 * subscription lead to those who may select it, and not to the selectors of all teams.
 */
export function placeOfSelector({ subscriptionId, type, resourceGroup }: HostSelector): string {
  return placeOf(hostArea(subscriptionId, type), resourceGroup);
}

/** @param type of the resource, as `hostTypeOf` gives it */
export function placesOf(hostId: string, type: string): readonly string[] {
  const area = areaSelected(hostId, type);
  return [area, placeOf(area, armKey(hostId).split('/')[4])];
}

/** The area of a selector that may find the resource. Slots, too, count by subscription for those who select them. */
export function areaSelected(hostId: string, type: string): string {
  return hostArea(armKey(hostId).split('/')[2] ?? '', type);
}

function placeOf(area: string, resourceGroup: string | undefined): string {
  return resourceGroup === undefined ? area : `${area}|${asciiLower(resourceGroup)}`;
}

/** Tag names compare without case, values exactly, as Azure has them. */
export function selectsHost(
  selector: HostSelector,
  host: Pick<AzureHost, 'id' | 'type' | 'tags'> & Partial<Pick<AzureHost, 'key'>>,
): boolean {
  if (!choosesByWord(selector) || !sameText(host.type, selector.type)) return false;
  if (!isWithinScope(host.key ?? armKey(host.id), selectorScope(selector))) return false;
  const wanted = Object.entries(selector.tags ?? {});
  if (wanted.length === 0) return true;
  const tags = new Map(Object.entries(host.tags).map(([name, value]) => [asciiLower(name), value]));
  return wanted.every(([name, value]) => tags.get(asciiLower(name)) === value);
}
