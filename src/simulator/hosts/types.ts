/** The resource types that can carry identities, and how each of them behaves (azure.md section 7). */
import { sameType } from './host.ts';

/** How keys of `userAssignedIdentities` are spelt on read; which type does which is unsure (simulator.md row 22). */
export const KEY_CASES = ['as-sent', 'resourceGroups', 'resourcegroups', 'lower'] as const;
export type KeyCase = (typeof KEY_CASES)[number];

/** What a write answers, and how its end is awaited. */
export interface AnswerForm {
  readonly status: number;
  /**
   * `azure-asyncoperation`: with the body and that header; `location`: without a body; `both`: with both headers;
   * `wait`: the answer comes when the work is done; `none`: it comes at once and nothing tells when the work is done.
   */
  readonly follow: 'azure-asyncoperation' | 'location' | 'both' | 'wait' | 'none';
}

/** Where a type tells versions of a resource, and whether a write may name the one it was decided from. */
export interface EtagForm {
  /** In the body. */
  readonly field?: 'etag' | 'eTag';
  readonly header: 'always' | 'put' | 'never';
  /** Writes honour `If-Match` and `If-None-Match` (azure.md section 2). */
  readonly conditional: boolean;
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
  readonly putAnswer: { readonly created: AnswerForm; readonly existing: AnswerForm };
  readonly deleteAnswer: AnswerForm;
  /** What a PUT without `identity` does to the identities that are there. */
  readonly putWithoutIdentity: 'removes' | 'keeps';
  /** What stands under a key that is new while the operation runs. */
  readonly newEntries: 'empty' | 'ids';
  readonly keyCase: KeyCase;
  readonly maxUserIdentities?: number;
  readonly etag?: EtagForm;
  /** What a new resource says it is at; `Creating` where nothing else was recorded. */
  readonly firstState: 'Creating' | 'Pending';
  /** How answers spell the type, where it is not as in the path. */
  readonly shownType?: string;
  /** Ids of answers have `/resourcegroups/`, whatever was sent. */
  readonly lowerGroupInIds: boolean;
  /** Answers name the location as people do: `West Europe`. */
  readonly displayLocation: boolean;
  /** Answers leave `tags` out where there are none. */
  readonly omitsEmptyTags: boolean;
  /** `tenantId` stands beside user-assigned identities too. */
  readonly tenantWithUser: boolean;
  /** Another set of identities starts the app again. */
  readonly restarts: boolean;
  /** What a write gets while another runs. */
  readonly busy: 'Conflict' | 'AnotherOperationInProgress' | 'site';
  /** When GET shows `{"type":"None"}` rather than no identity: `once-stated`, after a write that named `identity`. */
  readonly showsNone: 'never' | 'always' | 'once-stated';
  /** Older api-versions whose PATCH does not know `identity`. */
  readonly blindVersions: readonly string[];
}

const WAIT: AnswerForm = { status: 200, follow: 'wait' };
const ASYNC_200: AnswerForm = { status: 200, follow: 'azure-asyncoperation' };
const ASYNC_201: AnswerForm = { status: 201, follow: 'azure-asyncoperation' };
const ASYNC_202: AnswerForm = { status: 202, follow: 'azure-asyncoperation' };
const LOCATION: AnswerForm = { status: 202, follow: 'location' };
const BOTH: AnswerForm = { status: 202, follow: 'both' };

/** `existing` and `created`, where they differ by the status alone. */
const put = (created: AnswerForm, existing: AnswerForm = created) => ({ created, existing });
const CREATED: AnswerForm = { status: 201, follow: 'wait' };

const COMPUTE_ETAG: EtagForm = { field: 'etag', header: 'always', conditional: true };

const COMMON = {
  combined: 'SystemAssigned, UserAssigned',
  patch: 'everything',
  patchAnswer: WAIT,
  putAnswer: put(CREATED, WAIT),
  deleteAnswer: WAIT,
  putWithoutIdentity: 'removes',
  newEntries: 'ids',
  keyCase: 'as-sent',
  firstState: 'Creating',
  lowerGroupInIds: false,
  displayLocation: false,
  omitsEmptyTags: false,
  tenantWithUser: false,
  restarts: false,
  busy: 'Conflict',
  showsNone: 'never',
  blindVersions: [],
} as const satisfies Partial<HostType>;

// The newest of azure.md section 7 where it names one, and older stable ones that SDKs pin.
const COMPUTE_OLDER = ['2021-07-01', '2022-08-01', '2023-03-01', '2023-09-01', '2024-03-01', '2024-07-01'];
const COMPUTE_VERSIONS = [...COMPUTE_OLDER, '2024-11-01', '2025-04-01', '2025-11-01', '2026-03-01'];
const COMPUTE = {
  ...COMMON,
  apiVersions: COMPUTE_VERSIONS,
  patchAnswer: ASYNC_200,
  putAnswer: put(ASYNC_201, ASYNC_200),
  deleteAnswer: ASYNC_202,
  newEntries: 'empty',
  etag: COMPUTE_ETAG,
  busy: 'AnotherOperationInProgress',
} as const satisfies Partial<HostType>;
const WEB_VERSIONS = ['2022-03-01', '2022-09-01', '2023-01-01', '2023-12-01', '2024-04-01', '2024-11-01'];

const SITE = {
  ...COMMON,
  apiVersions: [...WEB_VERSIONS, '2025-03-01', '2025-05-01'],
  putAnswer: put(WAIT),
  etag: { header: 'put', conditional: false },
  displayLocation: true,
  omitsEmptyTags: true,
  keyCase: 'resourcegroups',
  restarts: true,
  busy: 'site',
} as const satisfies Partial<HostType>;

export const SITES: HostType = { ...SITE, type: 'Microsoft.Web/sites', area: 'sites' };
export const SLOTS: HostType = { ...SITE, type: 'Microsoft.Web/sites/slots', area: 'slots' };

export const HOST_TYPES: readonly HostType[] = [
  {
    ...COMPUTE,
    type: 'Microsoft.Compute/virtualMachines',
    area: 'virtualMachines',
  },
  {
    ...COMPUTE,
    type: 'Microsoft.Compute/virtualMachineScaleSets',
    area: 'virtualMachineScaleSets',
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
    putAnswer: put(ASYNC_201),
    deleteAnswer: LOCATION,
    firstState: 'Pending',
    tenantWithUser: true,
    restarts: true,
  },
  {
    ...COMMON,
    type: 'Microsoft.App/containerApps',
    area: 'containerApps',
    apiVersions: ['2022-03-01', '2023-05-01', '2024-03-01', '2025-01-01', '2025-07-01'],
    combined: 'SystemAssigned,UserAssigned',
    patchAnswer: LOCATION,
    putAnswer: put(ASYNC_201),
    deleteAnswer: LOCATION,
    keyCase: 'resourcegroups',
    restarts: true,
    showsNone: 'always',
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
    patchAnswer: ASYNC_200,
    putAnswer: put(ASYNC_201, ASYNC_200),
    deleteAnswer: BOTH,
    newEntries: 'empty',
    keyCase: 'resourcegroups',
    maxUserIdentities: 1,
    etag: { field: 'eTag', header: 'never', conditional: true },
    shownType: 'Microsoft.ContainerService/ManagedClusters',
    lowerGroupInIds: true,
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
    // A new account is told of by a Location; what is changed in one is there at once.
    putAnswer: put(LOCATION, WAIT),
    putWithoutIdentity: 'keeps',
    showsNone: 'once-stated',
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
    putAnswer: put({ ...LOCATION, status: 201 }, LOCATION),
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
