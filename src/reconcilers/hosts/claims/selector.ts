import type { HostSelector } from '../../../api/identity-attachment.ts';
import type { AzureHost } from '../../../azure/hosts/host.ts';
import { asciiLower, sameText } from '../../../azure/names/ascii.ts';
import { armKey, isWithinScope } from '../../../azure/names/resource-id.ts';

/** The subscription or resource group a selector looks in. */
export function selectorScope({ subscriptionId, resourceGroup }: HostSelector): string {
  const subscription = `/subscriptions/${subscriptionId}`;
  return resourceGroup === undefined ? subscription : `${subscription}/resourceGroups/${resourceGroup}`;
}

/** A selector says in words that it means everything; what says nothing, as older objects may, chooses nothing. */
export function choosesByWord({ tags = {}, all = false }: HostSelector): boolean {
  return all !== Object.keys(tags).length > 0;
}

/** Tag names compare without case, values exactly, as Azure has them. */
export function selectsHost(selector: HostSelector, host: Pick<AzureHost, 'id' | 'type' | 'tags'>): boolean {
  if (!choosesByWord(selector) || !sameText(host.type, selector.type)) return false;
  if (!isWithinScope(armKey(host.id), selectorScope(selector))) return false;
  const tags = new Map(Object.entries(host.tags).map(([name, value]) => [asciiLower(name), value]));
  return Object.entries(selector.tags ?? {}).every(([name, value]) => tags.get(asciiLower(name)) === value);
}
