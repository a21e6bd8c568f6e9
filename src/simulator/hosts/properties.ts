/** The properties of hosts beyond what was sent: defaults, what only the service sets, and what GET hides. */
import type { Host, Properties } from './host.ts';

/** The properties that clients read; a verb that makes a host may give more. By lower-cased type. */
const DEFAULTS: Readonly<Record<string, Properties>> = {
  'microsoft.compute/virtualmachines': {
    hardwareProfile: { vmSize: 'Standard_D2s_v5' },
    storageProfile: { osDisk: { osType: 'Linux', createOption: 'FromImage' } },
  },
  'microsoft.compute/virtualmachinescalesets': {
    orchestrationMode: 'Uniform',
    upgradePolicy: { mode: 'Manual' },
  },
  'microsoft.web/sites': { enabled: true, httpsOnly: true },
  'microsoft.web/sites/slots': { enabled: true, httpsOnly: true },
  'microsoft.logic/workflows': { state: 'Enabled', definition: { triggers: {}, actions: {} } },
  'microsoft.containerinstance/containergroups': { osType: 'Linux', containers: [] },
  'microsoft.app/containerapps': { configuration: { activeRevisionsMode: 'Single' }, template: {} },
  'microsoft.containerservice/managedclusters': {
    dnsPrefix: 'aks',
    kubernetesVersion: '1.33.4',
    agentPoolProfiles: [{ name: 'system', count: 3, vmSize: 'Standard_D4s_v5', mode: 'System' }],
  },
  'microsoft.storage/storageaccounts': { minimumTlsVersion: 'TLS1_2', supportsHttpsTrafficOnly: true },
  'microsoft.datafactory/factories': { publicNetworkAccess: 'Enabled' },
  'microsoft.apimanagement/service': { publisherEmail: 'a@example.org', publisherName: 'a' },
  'microsoft.automation/automationaccounts': { state: 'Ok' },
};

export const defaultProperties = (type: string): Properties => DEFAULTS[type.toLowerCase()] ?? {};

/** What the service alone sets, and takes out of what it is sent. Sites have no provisioningState. */
function serviceProperties(host: Host): Properties {
  const { provisioningState } = host;
  const time = new Date(host.createdAt).toISOString();
  switch (host.type.toLowerCase()) {
    case 'microsoft.compute/virtualmachines':
      return { vmId: host.uniqueId, timeCreated: time, provisioningState };
    case 'microsoft.compute/virtualmachinescalesets':
      return { uniqueId: host.uniqueId, timeCreated: time, provisioningState };
    case 'microsoft.web/sites':
    case 'microsoft.web/sites/slots': {
      const label = host.name.replace('/', '-');
      return { state: 'Running', defaultHostName: `${label}.azurewebsites.net` };
    }
    case 'microsoft.logic/workflows':
      return { createdTime: time, changedTime: new Date(host.changedAt).toISOString(), provisioningState };
    case 'microsoft.storage/storageaccounts':
      return { creationTime: time, provisioningState };
    case 'microsoft.datafactory/factories':
      return { createTime: time, version: '2018-06-01', provisioningState };
    case 'microsoft.apimanagement/service':
      return { createdAtUtc: time, gatewayUrl: `https://${host.name}.azure-api.net`, provisioningState };
    case 'microsoft.automation/automationaccounts':
      return { creationTime: time, lastModifiedTime: new Date(host.changedAt).toISOString() };
    default:
      return { provisioningState };
  }
}

/** Names of secrets in properties: GET leaves them out, so what was read and sent back has lost them. */
const SECRETS: Readonly<Record<string, readonly string[]>> = {
  'microsoft.compute/virtualmachines': ['adminPassword', 'customData'],
  'microsoft.compute/virtualmachinescalesets': ['adminPassword', 'customData'],
  'microsoft.containerinstance/containergroups': [
    'secureValue',
    'password',
    'storageAccountKey',
    'workspaceKey',
  ],
  // A container app names its secrets in GET and hides their values.
  'microsoft.app/containerapps': ['value'],
  'microsoft.containerservice/managedclusters': ['adminPassword', 'secret'],
};

/** The properties as GET shows them. */
export function shownProperties(host: Host): Properties {
  const hidden = new Set(SECRETS[host.type.toLowerCase()] ?? []);
  // Plain environment variables of a container app have a `value` too: only what is under `secrets` is secret.
  const inSecretsOnly = hidden.has('value');
  return {
    ...assumedProperties(host),
    ...(strip(host.properties, hidden, !inSecretsOnly) as Properties),
    ...serviceProperties(host),
  };
}

/** What the service fills in where it was not set. */
function assumedProperties({
  kind,
  type,
  name,
  subscriptionId,
  resourceGroup,
  uniqueId,
  createdAt,
}: Host): Properties {
  const group = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
  switch (type.toLowerCase()) {
    case 'microsoft.web/sites':
    case 'microsoft.web/sites/slots': {
      const plan = `${group}/providers/Microsoft.Web/serverfarms/plan-${name.split('/')[0]}`;
      const sku = kind?.includes('functionapp') ? 'Dynamic' : 'Standard';
      return { serverFarmId: plan, sku, clientAffinityEnabled: true, reserved: false };
    }
    case 'microsoft.storage/storageaccounts': {
      const service = {
        keyType: 'Account',
        enabled: true,
        lastEnabledTime: new Date(createdAt).toISOString(),
      };
      const encryption = { services: { file: service, blob: service }, keySource: 'Microsoft.Storage' };
      return { encryption, accessTier: 'Hot', allowBlobPublicAccess: false };
    }
    case 'microsoft.containerservice/managedclusters': {
      // The kubelet's identity is AKS' own, in the group of the nodes.
      const nodes = `MC_${resourceGroup}_${name}`;
      const resourceId = `/subscriptions/${subscriptionId}/resourcegroups/${nodes}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}-agentpool`;
      const ids = { clientId: `${uniqueId.slice(0, -4)}c11e`, objectId: `${uniqueId.slice(0, -4)}0b1d` };
      const networkProfile = {
        networkPlugin: 'azure',
        loadBalancerSku: 'standard',
        outboundType: 'loadBalancer',
      };
      const identityProfile = { kubeletidentity: { resourceId, ...ids } };
      return { identityProfile, nodeResourceGroup: nodes, networkProfile };
    }
    default:
      return {};
  }
}

/** What a PUT or PATCH may set. */
export function settableProperties(host: Pick<Host, 'type'>, properties: Properties): Properties {
  const own = new Set(Object.keys(serviceProperties({ ...BLANK, ...host })));
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !own.has(name)));
}

const BLANK: Host = {
  id: '',
  name: '',
  type: '',
  subscriptionId: '',
  resourceGroup: '',
  location: '',
  tags: {},
  properties: {},
  extra: {},
  uniqueId: '',
  identity: { user: new Map() },
  provisioningState: 'Succeeded',
  revision: 0,
  restarts: 0,
  createdAt: 0,
  changedAt: 0,
};

function strip(value: unknown, hidden: ReadonlySet<string>, active: boolean): unknown {
  if (Array.isArray(value)) return value.map((each) => strip(each, hidden, active));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !(active && hidden.has(name)))
      .map(([name, each]) => [name, strip(each, hidden, active || name === 'secrets')]),
  );
}

/** Fields of a body that have no place of their own in a `Host`. */
const KNOWN = new Set([
  'id',
  'name',
  'type',
  'kind',
  'sku',
  'location',
  'tags',
  'properties',
  'identity',
  'etag',
  'eTag',
]);

/** The rest of a body, kept as it came. */
export const extraOf = (body: Properties): Properties =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !KNOWN.has(name)));

/** JSON merge patch (RFC 7396): objects merge, null takes away, all else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch))
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  return merged;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
