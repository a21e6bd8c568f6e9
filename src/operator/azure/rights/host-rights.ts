import type { HostCapability } from '../../../azure/hosts/types/capabilities.ts';
import { type AzureRight, row, stalled } from './right.ts';

/** Where the operation of a write is polled; most providers put it beneath a location. */
const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  'Microsoft.Compute/virtualMachines': ['Microsoft.Compute/locations/operations/read'],
  'Microsoft.Compute/virtualMachineScaleSets': ['Microsoft.Compute/locations/operations/read'],
  'Microsoft.Web/sites': ['Microsoft.Web/sites/operationresults/read'],
  'Microsoft.Web/sites/slots': ['Microsoft.Web/sites/slots/operationresults/read'],
  'Microsoft.ContainerInstance/containerGroups': ['Microsoft.ContainerInstance/locations/operations/read'],
  'Microsoft.App/containerApps': [
    'Microsoft.App/locations/containerAppOperationResults/read',
    'Microsoft.App/locations/containerAppOperationStatuses/read',
  ],
  'Microsoft.ContainerService/managedClusters': [
    'Microsoft.ContainerService/locations/operations/read',
    'Microsoft.ContainerService/locations/operationresults/read',
  ],
  'Microsoft.ApiManagement/service': ['Microsoft.ApiManagement/service/operationresults/read'],
};

/** The rights by which azid attaches to one type: each has its own in a role of its own, so that a team's needs can be cut out. */
export function hostRights({ type, write }: Pick<HostCapability, 'type' | 'write'>): AzureRight[] {
  const resource = type.toLowerCase();
  return [
    row({
      call: `read and list ${type}`,
      resource,
      methods: ['GET'],
      right: `${type}/read`,
      without: stalled('IdentityAttachment', 'AuthorizationFailed'),
    }),
    row({
      call: write === 'patch' ? `change the identity of ${type}` : `put ${type} back with another identity`,
      resource,
      methods: [write === 'patch' ? 'PATCH' : 'PUT'],
      right: `${type}/write`,
      without: stalled('IdentityAttachment', 'MissingWriteRight'),
      ...(write === 'replace' && { note: 'only for objects with `allowReplace: true`' }),
    }),
    ...(OPERATIONS[type] ?? []).map((right) =>
      row({
        call: `ask whether a write to ${type} is done`,
        methods: ['GET'],
        right,
        note: 'the URL that Azure gave is signed, and most providers ask for no right besides (unsure)',
      }),
    ),
  ];
}
