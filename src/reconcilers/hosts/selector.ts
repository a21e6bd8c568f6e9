import type { HostSelector } from '../../api/identity-attachment.ts';
import type { AzureHost } from '../../azure/hosts/host.ts';
import { armKey, isWithinScope } from '../../azure/resource-id.ts';

/** The subscription or resource group a selector looks in. */
export function selectorScope({ subscriptionId, resourceGroup }: HostSelector): string {
  const subscription = `/subscriptions/${subscriptionId}`;
  return resourceGroup === undefined ? subscription : `${subscription}/resourceGroups/${resourceGroup}`;
}

/** Tag names compare without case, values exactly, as Azure has them. */
export function selectsHost(selector: HostSelector, host: Pick<AzureHost, 'id' | 'type' | 'tags'>): boolean {
  if (host.type.toLowerCase() !== selector.type.toLowerCase()) return false;
  if (!isWithinScope(armKey(host.id), selectorScope(selector))) return false;
  const tags = new Map(Object.entries(host.tags).map(([name, value]) => [name.toLowerCase(), value]));
  return Object.entries(selector.tags ?? {}).every(([name, value]) => tags.get(name.toLowerCase()) === value);
}
