import { HEALTH, READ_AUTHORIZATION, READ_GROUPS, role, USUAL, under } from './role.ts';

const NETWORK = 'Microsoft.Network';
const CLUSTERS = 'Microsoft.ContainerService/managedClusters';
const VAULTS = 'Microsoft.RecoveryServices/Vaults';
const SEE_MACHINES = [
  ...under(
    NETWORK,
    'publicIPAddresses/read',
    'virtualNetworks/read',
    'loadBalancers/read',
    'networkInterfaces/read',
  ),
  'Microsoft.Compute/virtualMachines/*/read',
  'Microsoft.HybridCompute/machines/*/read',
  'Microsoft.HybridConnectivity/endpoints/listCredentials/action',
];
const SEE_CLUSTERS = [
  READ_AUTHORIZATION,
  'Microsoft.Resources/subscriptions/operationresults/read',
  'Microsoft.Resources/subscriptions/read',
  READ_GROUPS,
];

/** Machines, clusters, networks. */
export const COMPUTE_ROLES = [
  role('9980e02c-c2be-4d73-94e8-173b1dc7cf3c', 'Virtual Machine Contributor', 'Edits machines, not access.', {
    actions: [
      ...USUAL,
      HEALTH,
      ...under(
        'Microsoft.Compute',
        'availabilitySets/*',
        'locations/*',
        'virtualMachines/*',
        'virtualMachineScaleSets/*',
        'cloudServices/*',
        'disks/write',
        'disks/read',
        'disks/delete',
        'hostgroups/write',
        'hostgroups/hosts/write',
      ),
      'Microsoft.DevTestLab/schedules/*',
      ...under(
        NETWORK,
        'applicationGateways/backendAddressPools/join/action',
        'loadBalancers/backendAddressPools/join/action',
        'loadBalancers/inboundNatPools/join/action',
        'loadBalancers/inboundNatRules/join/action',
        'loadBalancers/probes/join/action',
        'loadBalancers/read',
        'locations/*',
        'networkInterfaces/*',
        'networkSecurityGroups/join/action',
        'networkSecurityGroups/read',
        'publicIPAddresses/join/action',
        'publicIPAddresses/read',
        'virtualNetworks/read',
        'virtualNetworks/subnets/join/action',
      ),
      'Microsoft.RecoveryServices/locations/*',
      ...under(
        VAULTS,
        'backupFabrics/backupProtectionIntent/write',
        'backupFabrics/protectionContainers/protectedItems/*/read',
        'backupFabrics/protectionContainers/protectedItems/read',
        'backupFabrics/protectionContainers/protectedItems/write',
        'backupPolicies/read',
        'backupPolicies/write',
        'read',
        'usages/read',
        'write',
      ),
      'Microsoft.SerialConsole/serialPorts/connect/action',
      'Microsoft.SqlVirtualMachine/*',
      ...under('Microsoft.Storage/storageAccounts', 'listKeys/action', 'read'),
    ],
  }),
  role('1c0163c0-47e6-4577-8991-ea5c82e286e4', 'Virtual Machine Administrator Login', 'Logs in as root.', {
    actions: SEE_MACHINES,
    dataActions: [
      ...under('Microsoft.Compute/virtualMachines', 'login/action', 'loginAsAdmin/action'),
      ...under('Microsoft.HybridCompute/machines', 'login/action', 'loginAsAdmin/action'),
    ],
  }),
  role('fb879df8-f326-4884-b1cf-06f3ad86be52', 'Virtual Machine User Login', 'Logs in as a user.', {
    actions: SEE_MACHINES,
    dataActions: [
      'Microsoft.Compute/virtualMachines/login/action',
      'Microsoft.HybridCompute/machines/login/action',
    ],
  }),
  role('3e5e47e6-65f7-47ef-90b5-e5dd4d455f24', 'Disk Backup Reader', 'Reads disks for backup.', {
    actions: [READ_AUTHORIZATION, ...under('Microsoft.Compute/disks', 'read', 'beginGetAccess/action')],
  }),
  role(
    '0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8',
    'Azure Kubernetes Service Cluster Admin Role',
    'Admin kubeconfig.',
    {
      actions: under(
        CLUSTERS,
        'listClusterAdminCredential/action',
        'accessProfiles/listCredential/action',
        'read',
        'runcommand/action',
      ),
    },
  ),
  role(
    '4abbcc35-e782-43d8-92c5-2d3f1bd2253f',
    'Azure Kubernetes Service Cluster User Role',
    'User kubeconfig.',
    {
      actions: under(CLUSTERS, 'listClusterUserCredential/action', 'read'),
    },
  ),
  role(
    '1afdec4b-e479-420e-99e7-f82237c7c5e6',
    'Azure Kubernetes Service Cluster Monitoring User',
    'Monitoring kubeconfig.',
    { actions: under(CLUSTERS, 'listClusterMonitoringUserCredential/action', 'read') },
  ),
  role(
    'ed7f3fbd-7b88-4dd4-9017-9adb7ce333f8',
    'Azure Kubernetes Service Contributor Role',
    'Edits clusters.',
    {
      actions: [
        READ_AUTHORIZATION,
        ...under(
          'Microsoft.ContainerService',
          'locations/*',
          'managedClusters/*',
          'managedclustersnapshots/*',
          'snapshots/*',
          'deploymentSafeguards/*',
        ),
        'Microsoft.Insights/alertRules/*',
        'Microsoft.Resources/deployments/*',
        READ_GROUPS,
      ],
    },
  ),
  role('3498e952-d568-435e-9b2c-8d77e338d7f7', 'Azure Kubernetes Service RBAC Admin', 'All in namespaces.', {
    actions: [...SEE_CLUSTERS, `${CLUSTERS}/listClusterUserCredential/action`],
    dataActions: [`${CLUSTERS}/*`],
    notDataActions: under(
      CLUSTERS,
      'resourcequotas/write',
      'resourcequotas/delete',
      'namespaces/write',
      'namespaces/delete',
    ),
  }),
  role(
    'b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b',
    'Azure Kubernetes Service RBAC Cluster Admin',
    'All in a cluster.',
    {
      actions: [...SEE_CLUSTERS, `${CLUSTERS}/listClusterUserCredential/action`],
      dataActions: [`${CLUSTERS}/*`],
    },
  ),
  role('4d97b98b-1d4f-4787-a291-c67834d212e7', 'Network Contributor', 'Edits networks.', {
    actions: [...USUAL, HEALTH, 'Microsoft.Network/*'],
  }),
  role('befefa01-2a29-4197-83a8-272ff33ce314', 'DNS Zone Contributor', 'Edits DNS zones.', {
    actions: [...USUAL, HEALTH, 'Microsoft.Network/dnsZones/*'],
  }),
  role('b12aa53e-6015-4669-85d0-8515ebb3ae7f', 'Private DNS Zone Contributor', 'Edits private DNS zones.', {
    actions: [
      ...USUAL,
      ...under(
        NETWORK,
        'privateDnsZones/*',
        'privateDnsOperationResults/*',
        'privateDnsOperationStatuses/*',
        'virtualNetworks/read',
        'virtualNetworks/join/action',
      ),
    ],
  }),
  role('a4b10055-b0c7-44c2-b00f-c7b5b3550cf7', 'Traffic Manager Contributor', 'Edits traffic profiles.', {
    actions: [...USUAL, HEALTH, 'Microsoft.Network/trafficManagerProfiles/*'],
  }),
  role('ec156ff8-a8d1-4d15-830c-5b80698ca432', 'CDN Profile Contributor', 'Edits CDN profiles.', {
    actions: [...USUAL, ...under('Microsoft.Cdn', 'edgenodes/read', 'operationresults/*', 'profiles/*')],
  }),
];
