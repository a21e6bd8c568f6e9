/**
 * GET-modify-PUT, for types whose PATCH takes no `identity` (docs/azure-facts.md section 7): the model that a GET gave, with another
 * identity and without what only Azure writes. Only where `hiddenSecrets` finds nothing that the GET has hidden.
 */
import { asciiLower } from '../../names/ascii.ts';
import { armKey } from '../../names/resource-id.ts';
import type { IdentityBody } from '../host.ts';
import type { HostCapability } from '../types/capabilities.ts';

export type Model = Readonly<Record<string, unknown>>;

/** At the top of every resource (azure-rest-api-specs, common types: `readOnly`). */
const READ_ONLY = [
  'id',
  'name',
  'type',
  'etag',
  'eTag',
  'systemData',
  'identity',
  'properties.provisioningState',
];

/** By lower-cased type; `*` is each element of an array. From the `readOnly` marks of the types' specifications. */
const READ_ONLY_OF: Readonly<Record<string, readonly string[]>> = {
  'microsoft.logic/workflows': ['accessEndpoint', 'changedTime', 'createdTime', 'sku', 'version'].map(
    property,
  ),
  'microsoft.containerinstance/containergroups': [
    'instanceView',
    'containers.*.properties.instanceView',
    'initContainers.*.properties.instanceView',
    'ipAddress.fqdn',
  ].map(property),
  'microsoft.containerservice/managedclusters': [
    'azurePortalFQDN',
    'currentKubernetesVersion',
    'fqdn',
    'maxAgentPools',
    'powerState',
    'privateFQDN',
    'resourceUID',
    'agentPoolProfiles.*.currentOrchestratorVersion',
    'agentPoolProfiles.*.eTag',
    'agentPoolProfiles.*.nodeImageVersion',
    'agentPoolProfiles.*.provisioningState',
    'networkProfile.loadBalancerProfile.effectiveOutboundIPs',
    'networkProfile.natGatewayProfile.effectiveOutboundIPs',
  ].map(property),
};

function property(path: string): string {
  return `properties.${path}`;
}

/**
 * A PUT replaces, so it names every identity that stays, each as `{}`: values that were read are refused. What it does not
 * name is lost, so a dead identity of somebody else is named too; Azure then refuses the whole and says which.
 *
 * @param model as a GET gave it
 * @param identity of `identityDelta` over the same GET
 */
export function replaceBody({ type }: HostCapability, model: Model, identity: IdentityBody): Model {
  const body = structuredClone(model) as Record<string, unknown>;
  for (const path of [...READ_ONLY, ...(READ_ONLY_OF[asciiLower(type)] ?? [])]) drop(body, path.split('.'));
  return { ...body, identity: replacedIdentity(model.identity, identity) };
}

function replacedIdentity(read: unknown, { type, userAssignedIdentities }: IdentityBody): IdentityBody {
  const words = type
    .toLowerCase()
    .split(',')
    .map((word) => word.trim());
  if (!words.includes('userassigned')) return { type };
  const map = isObject(read) && isObject(read.userAssignedIdentities) ? read.userAssignedIdentities : {};
  // By key, in the spelling that was read: one identity must not be named twice.
  const named = new Map(Object.keys(map).map((id) => [armKey(id), id]));
  for (const [id, value] of Object.entries(userAssignedIdentities ?? {})) {
    const key = armKey(id);
    if (value === null) named.delete(key);
    else if (!named.has(key)) named.set(key, id);
  }
  return { type, userAssignedIdentities: Object.fromEntries([...named.values()].map((id) => [id, {}])) };
}

function drop(value: unknown, [name, ...rest]: readonly string[]): void {
  if (name === undefined) return;
  if (name === '*') {
    if (Array.isArray(value)) for (const each of value) drop(each, rest);
  } else if (isObject(value)) {
    if (rest.length === 0) delete value[name];
    else drop(value[name], rest);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
