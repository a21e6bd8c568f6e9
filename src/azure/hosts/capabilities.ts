import { armKey, ifParsed, parseResourceId } from '../names/resource-id.ts';
import { asciiLower } from '../names/text.ts';

/**
 * What each resource type can do with managed identities: one table, from which all else of azid reads. Sources:
 * docs/azure-facts.md section 7 unless a row names another; where a fact is unsure, the row has the careful value and
 * a comment. The versions are those that docs/azure-facts.md names, else stable ones that carry what azid reads.
 */

export interface HostCapability {
  /** As azid spells it. */
  readonly type: string;
  /** False for a type that is not in the table: what it says is what most types do. */
  readonly known: boolean;
  readonly apiVersion: string;
  /** How `type` says both kinds at once; absent: a host has one kind or the other. */
  readonly combined?: 'SystemAssigned, UserAssigned' | 'SystemAssigned,UserAssigned';
  /** Whether one host may have both kinds. */
  readonly both: boolean;
  /** `replace`: PATCH does not take `identity`, so the whole resource is read, changed and put back. */
  readonly write: 'patch' | 'replace';
  readonly system: boolean;
  readonly userAssigned: 'many' | 'one';
  /** Entries that one request may name. */
  readonly maxPerRequest: number;
  /** User-assigned identities that one host may have, where a limit is known. */
  readonly maxTotal?: number;
  /** Another set of identities starts what runs there again. */
  readonly restarts: boolean;
  /** Answers carry an etag and writes honour `If-Match`. */
  readonly ifMatch: boolean;
  /** Answered success to a removal and kept the identity: only a read says what is attached. */
  readonly keepsRemoved: boolean;
  /** Path of the provider's list beneath `/subscriptions/<id>`; `perParent`: listed beneath each parent only. */
  readonly list: string;
  /** Where a model says which incarnation it is, the best first: see `AzureHost.instance`. */
  readonly instance: readonly string[];
  /** Where a model says its variant. */
  readonly variantOf?: 'kind' | 'properties.orchestrationMode' | 'properties.osType';
  /** What differs in a variant (lower case). */
  readonly variants?: Readonly<Record<string, VariantLimits>>;
  /** No identity at all, and why: only after `inVariant`. */
  readonly impossible?: HostRefusal;
}

interface VariantLimits {
  readonly system?: false;
  readonly impossible?: HostRefusal;
}

interface HostRefusal {
  readonly reason: string;
  readonly message: string;
}

export const PER_PARENT = 'perParent';

/** aad-pod-identity sent at most 150 per PATCH; nothing else is documented (docs/azure-facts.md section 7, docs/guarantees.md G7). */
const MAX_PER_REQUEST = 150;

const MOST = {
  known: true,
  combined: 'SystemAssigned, UserAssigned',
  both: true,
  write: 'patch',
  system: true,
  userAssigned: 'many',
  maxPerRequest: MAX_PER_REQUEST,
  restarts: false,
  ifMatch: false,
  keepsRemoved: false,
  // Kept by Resource Manager itself; many providers leave it out.
  instance: ['systemData.createdAt'],
} as const satisfies Partial<HostCapability>;

type Row = Omit<HostCapability, 'list' | 'known'> & { readonly list?: string };

/** `list` is the type's own path unless a row says otherwise. */
function row(each: Row): HostCapability {
  return { ...each, known: true, list: each.list ?? `/providers/${each.type}` };
}

function withoutCombined<T extends { combined?: unknown }>({ combined: _, ...rest }: T): Omit<T, 'combined'> {
  return rest;
}

/** Web Apps, Function Apps and Logic Apps (Standard) differ in `kind` alone: their rules are the same. */
const SITE = {
  ...MOST,
  apiVersion: '2025-05-01',
  // Adding an identity restarts the app (docs/azure-facts.md section 7).
  restarts: true,
  variantOf: 'kind',
} as const satisfies Partial<HostCapability>;

/** No type says both at once, and PATCH has no `identity`. */
const ONE_KIND = { ...withoutCombined(MOST), both: false, write: 'replace' } as const;

export const HOST_CAPABILITIES: readonly HostCapability[] = [
  row({
    ...MOST,
    type: 'Microsoft.Compute/virtualMachines',
    apiVersion: '2024-07-01',
    ifMatch: true,
    instance: ['properties.vmId', 'properties.timeCreated'],
  }),
  row({
    ...MOST,
    type: 'Microsoft.Compute/virtualMachineScaleSets',
    apiVersion: '2024-07-01',
    ifMatch: true,
    instance: ['properties.uniqueId', 'properties.timeCreated'],
    variantOf: 'properties.orchestrationMode',
    // docs/azure-facts.md section 7: Flexible refuses SystemAssigned (Azure-Landing-Zones #3994).
    variants: { flexible: { system: false } },
  }),
  row({ ...SITE, type: 'Microsoft.Web/sites' }),
  row({ ...SITE, type: 'Microsoft.Web/sites/slots', list: PER_PARENT }),
  row({
    ...ONE_KIND,
    type: 'Microsoft.Logic/workflows',
    apiVersion: '2019-05-01',
    instance: ['properties.createdTime'],
  }),
  row({
    ...MOST,
    type: 'Microsoft.ContainerInstance/containerGroups',
    apiVersion: '2023-05-01',
    write: 'replace',
    // A PUT may restart the containers (unsure).
    restarts: true,
    variantOf: 'properties.osType',
    variants: {
      windows: {
        impossible: {
          reason: 'IdentityNotSupportedOnWindows',
          message: 'Container Instances on Windows carry no managed identity; use Linux containers',
        },
      },
    },
  }),
  row({
    ...MOST,
    type: 'Microsoft.App/containerApps',
    apiVersion: '2025-07-01',
    combined: 'SystemAssigned,UserAssigned',
    // Not stated; a merge patch of the envelope rolls the app's replicas (unsure): better one at a time.
    restarts: true,
  }),
  row({
    ...ONE_KIND,
    type: 'Microsoft.ContainerService/managedClusters',
    // Its PUT takes `if-match` (Microsoft Learn, "Managed Clusters - Create Or Update").
    apiVersion: '2025-10-01',
    userAssigned: 'one',
    maxTotal: 1,
    ifMatch: true,
    instance: ['properties.resourceUID', 'systemData.createdAt'],
  }),
  row({
    ...MOST,
    type: 'Microsoft.Storage/storageAccounts',
    apiVersion: '2023-05-01',
    combined: 'SystemAssigned,UserAssigned',
    instance: ['properties.creationTime'],
  }),
  row({
    ...MOST,
    type: 'Microsoft.DataFactory/factories',
    apiVersion: '2018-06-01',
    combined: 'SystemAssigned,UserAssigned',
    instance: ['properties.createTime'],
  }),
  row({
    ...MOST,
    type: 'Microsoft.ApiManagement/service',
    apiVersion: '2022-08-01',
    keepsRemoved: true,
    instance: ['properties.createdAtUtc', 'systemData.createdAt'],
  }),
  row({
    ...MOST,
    type: 'Microsoft.Automation/automationAccounts',
    // The PATCH of older versions takes no identity. The spelling is unsure in docs/azure-facts.md; this is the one of the specification.
    apiVersion: '2023-11-01',
    instance: ['properties.creationTime'],
  }),
];

const BY_TYPE = new Map(HOST_CAPABILITIES.map((each) => [asciiLower(each.type), each]));

/** What a type of the table can do, in a variant if one is given; `undefined` for a type that azid does not know. */
export function capabilityOf(type: string, variant?: string): HostCapability | undefined {
  const known = BY_TYPE.get(asciiLower(type));
  return known && inVariant(known, variant);
}

/** What to assume of a type that is not in the table, when a policy and an object ask for it by name and version. */
export function genericCapability(type: string, apiVersion: string): HostCapability {
  return { ...MOST, known: false, type, apiVersion, list: `/providers/${type}` };
}

export function inVariant(capability: HostCapability, variant: string | undefined): HostCapability {
  const limits = variant === undefined ? undefined : capability.variants?.[asciiLower(variant)];
  return limits ? { ...capability, ...limits } : capability;
}

/**
 * The type of a resource by its id, in the table's spelling where it has one: `Microsoft.Web/sites/slots`. Throws
 * `TypeError` for what is no resource in a group, or an extension of one.
 */
export function hostTypeOf(id: string): string {
  const { provider, path, resourceGroup } = parseResourceId(id);
  const key = armKey(id);
  const extension = key.indexOf('/providers/') !== key.lastIndexOf('/providers/');
  if (provider === undefined || resourceGroup === undefined || extension)
    throw new TypeError(
      `Expected the ARM id of a resource (/subscriptions/<id>/resourceGroups/<group>/providers/<namespace>/<type>/<name>…), got "${id.slice(0, 200)}"`,
    );
  const type = [provider, ...path.map((each) => each.type)].join('/');
  return BY_TYPE.get(asciiLower(type))?.type ?? type;
}

/** The same, undefined where the text is no such id: the object that holds it reports it, and all other objects go on. */
export function hostTypeIfAny(id: string): string | undefined {
  return ifParsed(() => hostTypeOf(id));
}
