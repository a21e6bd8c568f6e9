import type { HostCapability } from '../../azure/hosts/capabilities.ts';

/** A call that azid makes to Azure, the right that it needs, and where it shows when the right is missing. */
export interface AzureRight {
  /** What is called, for people. */
  readonly call: string;
  /** As in the label `resource` of the metrics; absent where the label names what the call was made for. */
  readonly resource?: string;
  readonly methods: readonly ('GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE')[];
  /** An action of Resource Manager, an action on data, or an application permission of Microsoft Graph. */
  readonly right: string;
  readonly of: 'Resource Manager' | 'Service Bus' | 'Microsoft Graph';
  /** Without it; absent where nothing can show it. */
  readonly without?: MissingRight;
  readonly note?: string;
}

export interface MissingRight {
  /** The kind of object that reports it, `log`, or a candidate of a sweep. */
  readonly on: string;
  /** Of its condition or its line; the verdict of a candidate, whose message names the right. */
  readonly reason: string;
  readonly condition?: 'Stalled' | 'DeletionBlocked';
}

type Row = Omit<AzureRight, 'of'> & { readonly of?: AzureRight['of'] };

export const row = (each: Row): AzureRight => ({ of: 'Resource Manager', ...each });

export const stalled = (on: string, reason: string): MissingRight => ({ on, reason, condition: 'Stalled' });

export const blocked = (on: string, reason: string): MissingRight => ({
  on,
  reason,
  condition: 'DeletionBlocked',
});

/** What is read, made and deleted of one type, where a missing right has the same reason for all objects of a kind. */
export function lifecycle(
  type: string,
  what: string,
  kind: string,
  writes: readonly ('PUT' | 'PATCH')[],
): AzureRight[] {
  const resource = type.toLowerCase();
  const failed = 'AuthorizationFailed';
  return [
    row({
      call: `read and list ${what}`,
      resource,
      methods: ['GET'],
      right: `${type}/read`,
      without: stalled(kind, failed),
    }),
    row({
      call: `make and change ${what}`,
      resource,
      methods: writes,
      right: `${type}/write`,
      without: stalled(kind, failed),
    }),
    row({
      call: `delete ${what}`,
      resource,
      methods: ['DELETE'],
      right: `${type}/delete`,
      without: blocked(kind, failed),
    }),
  ];
}

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
        resource: right.replace(/\/read$/, '').toLowerCase(),
        methods: ['GET'],
        right,
        note: 'the URL that Azure gave is signed, and most providers ask for no right besides (unsure)',
      }),
    ),
  ];
}
