/** The resource types that can carry identities, and how each of them behaves (azure.md section 7). */
import { sameType } from './host.ts';

/** How keys of `userAssignedIdentities` are spelt on read; which type does which is unsure (simulator.md row 22). */
export const KEY_CASES = ['as-sent', 'resourceGroups', 'resourcegroups', 'lower'] as const;
export type KeyCase = (typeof KEY_CASES)[number];

/** What a write answers, and how its end is awaited. */
export interface AnswerForm {
  /** Of a new resource; 0 where it cannot make one. */
  readonly created: number;
  readonly existing: number;
  /**
   * `azure-asyncoperation`: with the body and that header; `location`: without a body; `wait`: the answer comes when
   * the work is done; `none`: the answer comes at once and nothing tells when the work is done.
   */
  readonly follow: 'azure-asyncoperation' | 'location' | 'wait' | 'none';
}

export interface HostType {
  readonly type: string;
  /** First part of the operation ids: `virtualMachines.update`, `virtualMachines.update.operation`. */
  readonly area: string;
  readonly apiVersions: readonly string[];
  /** How both kinds together are spelt; absent where a host can have only one. */
  readonly combined?: 'SystemAssigned, UserAssigned' | 'SystemAssigned,UserAssigned';
  /** What PATCH can change. */
  readonly patch: 'everything' | 'tags' | 'nothing';
  readonly patchAnswer: AnswerForm;
  readonly putAnswer: AnswerForm;
  readonly deleteAnswer: AnswerForm;
  readonly keyCase: KeyCase;
  readonly maxUserIdentities?: number;
  /** Answers carry an etag and writes honour `If-Match` (azure.md section 2). */
  readonly etag: boolean;
  /** Another set of identities starts the app again. */
  readonly restarts: boolean;
  /** What a write gets while another runs. */
  readonly busy: 'Conflict' | 'AnotherOperationInProgress' | 'site';
  /** GET shows `{"type":"None"}` rather than no identity. */
  readonly showsNone: boolean;
  /** Older api-versions whose PATCH does not know `identity`. */
  readonly blindVersions: readonly string[];
}

const WAIT: AnswerForm = { created: 201, existing: 200, follow: 'wait' };
const ASYNC_200: AnswerForm = { created: 201, existing: 200, follow: 'azure-asyncoperation' };
const ASYNC_201: AnswerForm = { created: 201, existing: 201, follow: 'azure-asyncoperation' };
const ASYNC_202: AnswerForm = { created: 201, existing: 202, follow: 'azure-asyncoperation' };
const LOCATION: AnswerForm = { created: 201, existing: 202, follow: 'location' };

const COMMON = {
  combined: 'SystemAssigned, UserAssigned',
  patch: 'everything',
  patchAnswer: WAIT,
  putAnswer: WAIT,
  deleteAnswer: WAIT,
  keyCase: 'as-sent',
  etag: false,
  restarts: false,
  busy: 'Conflict',
  showsNone: false,
  blindVersions: [],
} as const satisfies Partial<HostType>;

// The newest of azure.md section 7 where it names one, and older stable ones that SDKs pin.
const COMPUTE = ['2021-07-01', '2022-08-01', '2023-03-01', '2023-09-01', '2024-03-01', '2024-07-01'];
const COMPUTE_VERSIONS = [...COMPUTE, '2024-11-01', '2025-04-01', '2025-11-01', '2026-03-01'];
const WEB_VERSIONS = ['2022-03-01', '2022-09-01', '2023-01-01', '2023-12-01', '2024-04-01', '2024-11-01'];

const SITE = {
  ...COMMON,
  apiVersions: [...WEB_VERSIONS, '2025-03-01', '2025-05-01'],
  // PATCH has no poller, PUT has (azure.md section 7).
  putAnswer: { created: 202, existing: 202, follow: 'location' },
  keyCase: 'resourcegroups',
  restarts: true,
  busy: 'site',
} as const satisfies Partial<HostType>;

export const SITES: HostType = { ...SITE, type: 'Microsoft.Web/sites', area: 'sites' };
export const SLOTS: HostType = { ...SITE, type: 'Microsoft.Web/sites/slots', area: 'slots' };

export const HOST_TYPES: readonly HostType[] = [
  {
    ...COMMON,
    type: 'Microsoft.Compute/virtualMachines',
    area: 'virtualMachines',
    apiVersions: COMPUTE_VERSIONS,
    patchAnswer: ASYNC_200,
    putAnswer: ASYNC_200,
    deleteAnswer: ASYNC_202,
    etag: true,
    busy: 'AnotherOperationInProgress',
  },
  {
    ...COMMON,
    type: 'Microsoft.Compute/virtualMachineScaleSets',
    area: 'virtualMachineScaleSets',
    apiVersions: COMPUTE_VERSIONS,
    patchAnswer: ASYNC_202,
    putAnswer: ASYNC_202,
    deleteAnswer: ASYNC_202,
    etag: true,
    busy: 'AnotherOperationInProgress',
  },
  SITES,
  SLOTS,
  {
    ...omitCombined(COMMON),
    type: 'Microsoft.Logic/workflows',
    area: 'workflows',
    apiVersions: ['2016-06-01', '2019-05-01'],
    patch: 'nothing',
  },
  {
    ...COMMON,
    type: 'Microsoft.ContainerInstance/containerGroups',
    area: 'containerGroups',
    apiVersions: ['2021-03-01', '2021-10-01', '2022-09-01', '2023-05-01', '2025-09-01'],
    patch: 'tags',
    putAnswer: ASYNC_201,
    deleteAnswer: LOCATION,
    restarts: true,
  },
  {
    ...COMMON,
    type: 'Microsoft.App/containerApps',
    area: 'containerApps',
    apiVersions: ['2022-03-01', '2023-05-01', '2024-03-01', '2025-01-01', '2025-07-01'],
    combined: 'SystemAssigned,UserAssigned',
    patchAnswer: LOCATION,
    putAnswer: ASYNC_201,
    deleteAnswer: LOCATION,
    keyCase: 'resourcegroups',
    restarts: true,
    showsNone: true,
  },
  {
    ...omitCombined(COMMON),
    type: 'Microsoft.ContainerService/managedClusters',
    area: 'managedClusters',
    apiVersions: [
      '2022-09-01',
      '2023-05-01',
      '2023-10-01',
      '2024-05-01',
      '2024-09-01',
      '2025-01-01',
      '2025-05-01',
      '2025-10-01',
    ],
    patch: 'tags',
    patchAnswer: ASYNC_202,
    putAnswer: ASYNC_201,
    deleteAnswer: LOCATION,
    keyCase: 'resourcegroups',
    maxUserIdentities: 1,
    etag: true,
  },
  {
    ...COMMON,
    type: 'Microsoft.Storage/storageAccounts',
    area: 'storageAccounts',
    apiVersions: [
      '2021-09-01',
      '2022-09-01',
      '2023-01-01',
      '2023-05-01',
      '2024-01-01',
      '2025-01-01',
      '2025-06-01',
    ],
    combined: 'SystemAssigned,UserAssigned',
  },
  {
    ...COMMON,
    type: 'Microsoft.DataFactory/factories',
    area: 'factories',
    apiVersions: ['2018-06-01'],
    combined: 'SystemAssigned,UserAssigned',
    keyCase: 'lower',
  },
  {
    ...COMMON,
    type: 'Microsoft.ApiManagement/service',
    area: 'apiManagement',
    apiVersions: ['2021-08-01', '2022-08-01', '2023-05-01-preview', '2024-05-01', '2025-03-01-preview'],
    patchAnswer: LOCATION,
    putAnswer: LOCATION,
    deleteAnswer: LOCATION,
  },
  {
    ...COMMON,
    type: 'Microsoft.Automation/automationAccounts',
    area: 'automationAccounts',
    apiVersions: ['2015-10-31', '2020-01-13-preview', '2021-06-22', '2022-08-08', '2023-11-01', '2024-10-23'],
    // arm-automation 10.1.1 pins one of these (azure.md section 7).
    blindVersions: ['2015-10-31', '2020-01-13-preview'],
  },
];

/** A type that nobody wrote down: what arm-resources can do with any (azure.md section 7, last row of the table). */
export function unlistedType(type: string, apiVersions: readonly string[]): HostType {
  return { ...COMMON, type, area: type.split('/').at(-1) ?? type, apiVersions };
}

export const findType = (types: readonly HostType[], type: string): HostType | undefined =>
  types.find((each) => sameType(each.type, type));

function omitCombined<T extends { readonly combined: unknown }>({
  combined: _,
  ...rest
}: T): Omit<T, 'combined'> {
  return rest;
}
