import { scopeKey } from '../world/scope.ts';

/** What an operation of a type is served at: from the version that brought it, and to the one that was its last. */
interface VersionRange {
  readonly since?: string;
  /** Some operations were dropped again: listing an identity's resources has no stable version. */
  readonly until?: string;
}

/**
 * The versions of one operation (docs/azure-facts.md section 16.9: versions belong to operations, not to types). Throws for a type
 * that the table does not have, which is a mistake in a new operation.
 */
export function versionsOf(type: string, { since = '', until = '9' }: VersionRange = {}): readonly string[] {
  const versions = BY_TYPE.get(scopeKey(type));
  if (!versions) throw new Error(`expected ${type} to be in the table of versions (catalog/versions.ts)`);
  return versions.filter((version) => version >= since && version <= until);
}

const STABLE = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;

/**
 * Whether a version is served: one of those known, in any case, or a stable one that is newer than all stable ones known
 * and not of the future. Azure may have brought it since the table was written; it never had one between two of them.
 */
export function serves(known: readonly string[], version: string, today: string): boolean {
  const asked = version.toLowerCase();
  if (known.some((each) => each.toLowerCase() === asked)) return true;
  const newest = known
    .filter((each) => STABLE.test(each))
    .sort()
    .at(-1);
  return newest !== undefined && STABLE.test(asked) && asked > newest && asked <= today;
}

/**
 * The api-versions that Azure has, by resource type: of its published API specifications, as of August 2026, and those
 * that clients of today were seen to send (docs/azure-facts.md section 16.9). Spaces part them, so that a type stays one entry.
 */
export const VERSIONS: Readonly<Record<string, string>> = {
  'Microsoft.ManagedIdentity/userAssignedIdentities': `
    2015-08-31-preview 2018-11-30 2021-09-30-preview 2022-01-31-preview 2023-01-31 2023-07-31-preview
    2024-11-30 2025-01-31-preview 2025-05-31-preview 2026-04-30 2026-05-31`,
  'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials': `
    2022-01-31-preview 2023-01-31 2023-07-31-preview 2024-11-30 2025-01-31-preview 2025-05-31-preview
    2026-04-30 2026-05-31`,
  'Microsoft.ManagedIdentity/identities': `
    2015-08-31-preview 2018-11-30 2021-09-30-preview 2022-01-31-preview 2023-01-31 2023-07-31-preview
    2024-11-30 2025-01-31-preview 2025-05-31-preview 2026-04-30 2026-05-31`,
  'Microsoft.ManagedIdentity/operations': `
    2015-08-31-preview 2018-11-30 2021-09-30-preview 2022-01-31-preview 2023-01-31 2023-07-31-preview
    2024-11-30 2025-01-31-preview 2025-05-31-preview 2026-04-30 2026-05-31`,
  'Microsoft.Authorization/roleAssignments': `
    2015-07-01 2017-10-01-preview 2018-01-01-preview 2018-09-01-preview 2020-03-01-preview
    2020-04-01-preview 2020-08-01-preview 2020-10-01-preview 2022-04-01 2026-08-01`,
  'Microsoft.Authorization/roleDefinitions': `
    2015-07-01 2018-01-01-preview 2022-04-01 2022-05-01-preview`,
  'Microsoft.Authorization/permissions': `
    2015-07-01 2018-01-01-preview 2018-07-01 2022-04-01 2022-05-01-preview`,
  'Microsoft.Authorization/denyAssignments': `
    2018-07-01-preview 2022-04-01 2024-07-01-preview 2026-09-01`,
  'Microsoft.Authorization/locks': `
    2015-01-01 2016-09-01 2017-04-01 2020-05-01`,
  'Microsoft.Authorization/policyAssignments': `
    2015-10-01-preview 2015-11-01 2016-04-01 2016-12-01 2017-06-01-preview 2018-03-01 2018-05-01
    2019-01-01 2019-06-01 2019-09-01 2020-03-01 2020-09-01 2021-06-01 2022-06-01 2023-04-01 2024-04-01
    2024-05-01 2025-01-01 2025-03-01 2025-11-01 2025-12-01-preview 2026-01-01-preview 2026-06-01
    2026-07-01`,
  'Microsoft.Authorization/policyDefinitions': `
    2015-10-01-preview 2015-11-01 2016-04-01 2016-12-01 2018-03-01 2018-05-01 2019-01-01 2019-06-01
    2019-09-01 2020-03-01 2020-09-01 2021-06-01 2023-04-01 2024-05-01 2025-01-01 2025-03-01 2025-11-01
    2025-12-01-preview 2026-01-01-preview 2026-06-01 2026-07-01`,
  'Microsoft.Compute/virtualMachines': `
    2015-06-15 2016-03-30 2016-04-30-preview 2017-03-30 2017-12-01 2018-04-01 2018-06-01 2018-10-01
    2019-03-01 2019-07-01 2019-12-01 2020-06-01 2020-12-01 2021-03-01 2021-04-01 2021-07-01 2021-11-01
    2022-03-01 2022-08-01 2022-11-01 2023-03-01 2023-07-01 2023-09-01 2024-03-01 2024-07-01 2024-11-01
    2025-04-01 2025-11-01 2026-03-01 2026-04-01`,
  'Microsoft.Compute/virtualMachineScaleSets': `
    2015-06-15 2016-03-30 2016-04-30-preview 2017-03-30 2017-12-01 2018-04-01 2018-06-01 2018-10-01
    2019-03-01 2019-07-01 2019-12-01 2020-06-01 2020-12-01 2021-03-01 2021-04-01 2021-07-01 2021-11-01
    2022-03-01 2022-08-01 2022-11-01 2023-03-01 2023-07-01 2023-09-01 2024-03-01 2024-07-01 2024-11-01
    2025-04-01 2025-11-01 2026-03-01 2026-04-01`,
  'Microsoft.Web/sites': `
    2015-08-01 2016-08-01 2018-02-01 2018-11-01 2019-08-01 2020-06-01 2020-09-01 2020-10-01 2020-12-01
    2021-01-01 2021-01-15 2021-02-01 2021-03-01 2022-03-01 2022-09-01 2023-01-01 2023-12-01 2024-04-01
    2024-11-01 2025-03-01 2025-05-01`,
  'Microsoft.Web/sites/slots': `
    2015-08-01 2016-08-01 2018-02-01 2018-11-01 2019-08-01 2020-06-01 2020-09-01 2020-10-01 2020-12-01
    2021-01-01 2021-01-15 2021-02-01 2021-03-01 2022-03-01 2022-09-01 2023-01-01 2023-12-01 2024-04-01
    2024-11-01 2025-03-01 2025-05-01`,
  'Microsoft.Web/serverfarms': `
    2015-08-01 2016-09-01 2018-02-01 2019-08-01 2020-06-01 2020-09-01 2020-10-01 2020-12-01 2021-01-01
    2021-01-15 2021-02-01 2021-03-01 2022-03-01 2022-09-01 2023-01-01 2023-12-01 2024-04-01 2024-11-01
    2025-03-01 2025-05-01`,
  'Microsoft.Logic/workflows': `
    2015-02-01-preview 2016-06-01 2018-07-01-preview 2019-05-01`,
  'Microsoft.ContainerInstance/containerGroups': `
    2017-08-01-preview 2017-10-01-preview 2017-12-01-preview 2018-02-01-preview 2018-04-01 2018-06-01
    2018-09-01 2018-10-01 2019-12-01 2020-11-01 2021-03-01 2021-07-01 2021-09-01 2021-10-01 2022-09-01
    2022-10-01-preview 2023-02-01-preview 2023-05-01 2024-05-01-preview 2024-09-01-preview
    2024-10-01-preview 2024-11-01-preview 2025-09-01 2026-06-01-preview 2026-07-01 2026-08-01-preview`,
  'Microsoft.App/containerApps': `
    2022-01-01-preview 2022-03-01 2022-06-01-preview 2022-10-01 2022-11-01-preview 2023-04-01-preview
    2023-05-01 2023-05-02-preview 2023-08-01-preview 2023-11-02-preview 2024-02-02-preview 2024-03-01
    2024-08-02-preview 2024-10-02-preview 2025-01-01 2025-02-02-preview 2025-07-01 2025-10-02-preview
    2026-01-01`,
  'Microsoft.ContainerService/managedClusters': `
    2017-08-31 2018-03-31 2018-08-01-preview 2019-02-01 2019-04-01 2019-06-01 2019-08-01 2019-10-01
    2019-11-01 2020-01-01 2020-02-01 2020-03-01 2020-04-01 2020-06-01 2020-07-01 2020-09-01 2020-11-01
    2020-12-01 2021-02-01 2021-03-01 2021-05-01 2021-07-01 2021-08-01 2021-09-01 2021-10-01
    2021-11-01-preview 2022-01-01 2022-01-02-preview 2022-02-01 2022-02-02-preview 2022-03-01
    2022-03-02-preview 2022-04-01 2022-04-02-preview 2022-05-02-preview 2022-06-01 2022-06-02-preview
    2022-07-01 2022-07-02-preview 2022-08-02-preview 2022-08-03-preview 2022-09-01 2022-09-02-preview
    2022-10-02-preview 2022-11-01 2022-11-02-preview 2023-01-01 2023-01-02-preview 2023-02-01
    2023-02-02-preview 2023-03-01 2023-03-02-preview 2023-04-01 2023-04-02-preview 2023-05-01
    2023-05-02-preview 2023-06-01 2023-06-02-preview 2023-07-01 2023-07-02-preview 2023-08-01
    2023-08-02-preview 2023-09-01 2023-09-02-preview 2023-10-01 2023-10-02-preview 2023-11-01
    2023-11-02-preview 2024-01-01 2024-01-02-preview 2024-02-01 2024-02-02-preview 2024-03-02-preview
    2024-04-02-preview 2024-05-01 2024-05-02-preview 2024-06-02-preview 2024-07-01 2024-07-02-preview
    2024-08-01 2024-09-01 2024-09-02-preview 2024-10-01 2024-10-02-preview 2025-01-01 2025-01-02-preview
    2025-02-01 2025-02-02-preview 2025-03-01 2025-03-02-preview 2025-04-01 2025-04-02-preview 2025-05-01
    2025-05-02-preview 2025-06-02-preview 2025-07-01 2025-07-02-preview 2025-08-01 2025-08-02-preview
    2025-09-01 2025-09-02-preview 2025-10-01 2025-10-02-preview 2026-01-01 2026-01-02-preview 2026-02-01
    2026-02-02-preview 2026-03-01 2026-03-02-preview 2026-04-01 2026-04-02-preview 2026-05-01
    2026-05-02-preview 2026-06-01`,
  'Microsoft.Storage/storageAccounts': `
    2015-05-01-preview 2015-06-15 2016-01-01 2016-05-01 2016-12-01 2017-06-01 2017-10-01 2018-02-01
    2018-03-01-preview 2018-07-01 2018-11-01 2019-04-01 2019-06-01 2020-08-01-preview 2021-01-01
    2021-02-01 2021-04-01 2021-06-01 2021-08-01 2021-09-01 2022-05-01 2022-09-01 2023-01-01 2023-04-01
    2023-05-01 2024-01-01 2025-01-01 2025-06-01 2025-08-01 2026-04-01 2026-09-01`,
  'Microsoft.DataFactory/factories': `
    2017-09-01-preview 2018-06-01`,
  'Microsoft.ApiManagement/service': `
    2016-07-07 2016-10-10 2017-03-01 2018-01-01 2018-06-01-preview 2019-01-01 2019-12-01
    2019-12-01-preview 2020-06-01-preview 2020-12-01 2021-01-01-preview 2021-04-01-preview 2021-08-01
    2021-12-01-preview 2022-04-01-preview 2022-08-01 2022-09-01-preview 2023-03-01-preview
    2023-05-01-preview 2023-09-01-preview 2024-05-01 2024-06-01-preview 2024-10-01-preview
    2025-03-01-preview 2025-09-01-preview`,
  'Microsoft.Automation/automationAccounts': `
    2015-10-31 2019-06-01 2020-01-13-preview 2021-06-22 2022-08-08 2023-05-15-preview 2023-11-01
    2024-10-23`,
  'Microsoft.Resources/subscriptions': `
    2014-04-01 2015-11-01 2016-06-01 2018-06-01 2019-06-01 2019-11-01 2020-01-01 2020-05-01 2020-06-01
    2021-01-01 2021-04-01 2022-12-01`,
  'Microsoft.Resources/tenants': `
    2014-04-01 2015-11-01 2016-06-01 2018-06-01 2019-06-01 2019-11-01 2020-01-01 2020-05-01 2020-06-01
    2021-01-01 2021-04-01 2022-12-01`,
  'Microsoft.Resources/resourceGroups': `
    2014-04-01 2015-01-01 2015-11-01 2016-02-01 2016-07-01 2016-09-01 2017-05-10 2018-02-01 2018-05-01
    2019-03-01 2019-05-01 2019-05-10 2019-07-01 2019-08-01 2019-10-01 2020-01-01 2020-06-01 2020-08-01
    2020-10-01 2021-01-01 2021-04-01 2022-09-01 2022-12-01 2023-07-01 2024-03-01 2024-07-01 2024-11-01
    2025-03-01 2025-04-01`,
  'Microsoft.Resources/deployments': `
    2015-11-01 2016-02-01 2016-07-01 2016-09-01 2017-05-10 2018-02-01 2018-05-01 2019-03-01 2019-05-01
    2019-05-10 2019-07-01 2019-08-01 2019-10-01 2020-06-01 2020-08-01 2020-10-01 2021-01-01 2021-04-01
    2022-09-01 2023-07-01 2024-03-01 2024-07-01 2024-11-01 2025-03-01 2025-04-01`,
  'Microsoft.Resources/tags': `
    2019-10-01 2020-06-01 2020-08-01 2020-10-01 2021-01-01 2021-04-01 2022-09-01 2023-07-01 2024-03-01
    2024-07-01 2024-11-01 2025-03-01 2025-04-01`,
  'Microsoft.ServiceBus/namespaces': `
    2015-08-01 2017-04-01 2018-01-01-preview 2021-01-01-preview 2021-06-01-preview 2021-11-01 2022-01-01-preview
    2022-10-01-preview 2023-01-01-preview 2024-01-01 2025-05-01-preview`,
  'Microsoft.ServiceBus/namespaces/queues': `
    2015-08-01 2017-04-01 2018-01-01-preview 2021-01-01-preview 2021-06-01-preview 2021-11-01 2022-01-01-preview
    2022-10-01-preview 2023-01-01-preview 2024-01-01 2025-05-01-preview`,
  'Microsoft.EventGrid/systemTopics': `
    2020-04-01-preview 2020-10-15-preview 2021-06-01-preview 2021-10-15-preview 2021-12-01 2022-06-15
    2023-06-01-preview 2023-12-15-preview 2024-06-01-preview 2024-12-15-preview 2025-02-15 2025-04-01-preview
    2025-07-15-preview`,
  'Microsoft.EventGrid/systemTopics/eventSubscriptions': `
    2020-04-01-preview 2020-10-15-preview 2021-06-01-preview 2021-10-15-preview 2021-12-01 2022-06-15
    2023-06-01-preview 2023-12-15-preview 2024-06-01-preview 2024-12-15-preview 2025-02-15 2025-04-01-preview
    2025-07-15-preview`,
  'Microsoft.Storage/storageAccounts/blobServices': `
    2018-07-01 2018-11-01 2019-04-01 2019-06-01 2020-08-01-preview 2021-01-01 2021-02-01 2021-04-01 2021-06-01
    2021-08-01 2021-09-01 2022-05-01 2022-09-01 2023-01-01 2023-04-01 2023-05-01 2024-01-01 2025-01-01 2025-06-01
    2025-08-01 2026-04-01 2026-09-01`,
  'Microsoft.Storage/storageAccounts/blobServices/containers': `
    2018-02-01 2018-03-01-preview 2018-07-01 2018-11-01 2019-04-01 2019-06-01 2020-08-01-preview 2021-01-01
    2021-02-01 2021-04-01 2021-06-01 2021-08-01 2021-09-01 2022-05-01 2022-09-01 2023-01-01 2023-04-01 2023-05-01
    2024-01-01 2025-01-01 2025-06-01 2025-08-01 2026-04-01 2026-09-01`,
  'Microsoft.Storage/storageAccounts/managementPolicies': `
    2018-03-01-preview 2018-11-01 2019-04-01 2019-06-01 2020-08-01-preview 2021-01-01 2021-02-01 2021-04-01
    2021-06-01 2021-08-01 2021-09-01 2022-05-01 2022-09-01 2023-01-01 2023-04-01 2023-05-01 2024-01-01 2025-01-01
    2025-06-01 2025-08-01`,
  'Microsoft.ResourceGraph/resources': `
    2021-03-01 2022-10-01 2024-04-01`,
  'Microsoft.Insights/eventtypes': `
    2014-04-01 2015-04-01`,
};

const BY_TYPE = new Map(
  Object.entries(VERSIONS).map(([type, text]) => [scopeKey(type), text.trim().split(/\s+/)] as const),
);
