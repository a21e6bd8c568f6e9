/**
 * GET-modify-PUT, for types whose PATCH takes no `identity` (docs/azure-facts.md section 7): the model that a GET gave, with another
 * identity and without what only Azure writes. Only where `hiddenSecrets` finds nothing that the GET has hidden.
 */

import { armKey } from '../../names/resource-id.ts';
import { asciiLower } from '../../names/text.ts';
import type { HostCapability } from '../capabilities.ts';
import type { IdentityBody } from '../host.ts';

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
 * name is lost, so a dead identity that azid did not attach is named too; Azure then refuses the whole and names it.
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

/** A secret that is not shown: at `path` stands something that only makes sense with it. */
type Finder = (properties: Fields) => Iterable<string>;
type Fields = Readonly<Record<string, unknown>>;

const FINDERS: Readonly<Record<string, Finder>> = {
  'microsoft.containerinstance/containergroups': containerGroup,
  'microsoft.containerservice/managedclusters': managedCluster,
  'microsoft.logic/workflows': workflow,
};

/**
 * What a GET hides, so that putting its answer back would lose it (docs/azure-facts.md section 7, docs/guarantees.md G16). By the
 * specifications' secret and write-only fields; for types that are put as a whole.
 */
export function hiddenSecrets(type: string, { properties }: Model): string[] {
  return [...(FINDERS[asciiLower(type)]?.(fields(properties)) ?? [])].map((path) => `properties.${path}`);
}

function* containerGroup(properties: Fields): Generator<string> {
  for (const list of ['containers', 'initContainers'])
    for (const [container, at] of items(properties, list)) {
      const inner = fields(container.properties);
      for (const [variable, path] of items(inner, 'environmentVariables')) {
        // A plain one shows its value, also an empty one.
        const shown = ['value', 'secureValue', 'secureValueReference'].some((name) => has(variable, name));
        if (!shown) yield `${at}.properties.${path}.secureValue`;
      }
    }
  for (const [registry, at] of items(properties, 'imageRegistryCredentials')) {
    const shown = ['password', 'passwordReference', 'identity'].some((name) => has(registry, name));
    if (!shown) yield `${at}.password`;
  }
  for (const [volume, at] of items(properties, 'volumes')) {
    // Of a secret volume at most the file names are shown.
    if (has(volume, 'secret') || has(volume, 'secretReference')) yield `${at}.secret`;
    const share = volume.azureFile;
    const shown = ['storageAccountKey', 'storageAccountKeyReference'].some((name) =>
      has(fields(share), name),
    );
    if (has(volume, 'azureFile') && !shown) yield `${at}.azureFile.storageAccountKey`;
  }
  const { logAnalytics } = fields(properties.diagnostics);
  if (logAnalytics && !has(fields(logAnalytics), 'workspaceKey'))
    yield 'diagnostics.logAnalytics.workspaceKey';
  for (const [extension, at] of items(properties, 'extensions'))
    if (!has(fields(extension.properties), 'protectedSettings')) yield `${at}.properties.protectedSettings`;
}

function* managedCluster(properties: Fields): Generator<string> {
  const principal = fields(properties.servicePrincipalProfile);
  // `msi` stands for: no service principal, so no secret.
  if (has(principal, 'clientId') && !/^msi$/i.test(String(principal.clientId)) && !has(principal, 'secret'))
    yield 'servicePrincipalProfile.secret';
  if (has(properties, 'windowsProfile') && !has(fields(properties.windowsProfile), 'adminPassword'))
    yield 'windowsProfile.adminPassword';
  const directory = fields(properties.aadProfile);
  if (has(directory, 'serverAppID') && !has(directory, 'serverAppSecret')) yield 'aadProfile.serverAppSecret';
}

/** Parameters of the secure types: neither their values nor their defaults are shown. */
function* workflow(properties: Fields): Generator<string> {
  const declared = fields(fields(properties.definition).parameters);
  const given = fields(properties.parameters);
  for (const name of new Set([...Object.keys(declared), ...Object.keys(given)])) {
    const types = [fields(declared[name]).type, fields(given[name]).type].map((type) => String(type));
    if (types.some((type) => /^secure(string|object)$/i.test(type))) yield `parameters.${name}`;
  }
}

function* items(of: Fields, name: string): Generator<readonly [Fields, string]> {
  const list = of[name];
  if (!Array.isArray(list)) return;
  for (const [index, each] of list.entries()) yield [fields(each), `${name}[${index}]`];
}

function has(of: Fields, name: string): boolean {
  return of[name] !== undefined && of[name] !== null;
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
