/** The resource types that can carry identities, and how each of them behaves (docs/azure-facts.md section 7). */
import { versionsOf } from '../catalog/versions.ts';
import { sameType } from './host.ts';

/** How keys of `userAssignedIdentities` are spelt on read; which type does which is unsure. */
export const KEY_CASES = ['as-sent', 'resourceGroups', 'resourcegroups', 'lower'] as const;
export type KeyCase = (typeof KEY_CASES)[number];

/** What a write answers, and how its end is awaited. */
export interface AnswerForm {
  readonly status: number;
  /**
   * `azure-asyncoperation`: with the body and that header; `location`: without a body; `both`: with both headers;
   * `wait`: the answer comes when the work is done; `none`: it comes at once and nothing reports when the work is done.
   */
  readonly follow: 'azure-asyncoperation' | 'location' | 'both' | 'wait' | 'none';
}

/** Where a type has etags of a resource, and whether a write may name the one it was decided from. */
interface EtagForm {
  /** In the body. */
  readonly field?: 'etag' | 'eTag';
  readonly header: 'always' | 'put' | 'never';
  /** Writes honour `If-Match` and `If-None-Match` (docs/azure-facts.md section 2). */
  readonly conditional: boolean;
}

export interface HostType {
  readonly type: string;
  /** First part of the operation ids: `virtualMachines.update`, `virtualMachines.update.operation`. */
  readonly area: string;
  readonly apiVersions: readonly string[];
  /** Those of PATCH, which most types got later than the rest. */
  readonly patchVersions: readonly string[];
  /** How both kinds together are spelt; absent where a host can have only one. */
  readonly combined?: 'SystemAssigned, UserAssigned' | 'SystemAssigned,UserAssigned';
  /** What PATCH can change. */
  readonly patch: 'everything' | 'tags' | 'nothing';
  readonly patchAnswer: AnswerForm;
  readonly putAnswer: { readonly created: AnswerForm; readonly existing: AnswerForm };
  readonly deleteAnswer: AnswerForm;
  /** What a PUT without `identity` does to the identities that are there. */
  readonly putWithoutIdentity: 'removes' | 'keeps';
  /** The value under a key that is new while the operation runs. */
  readonly newEntries: 'empty' | 'ids';
  readonly keyCase: KeyCase;
  readonly maxUserIdentities?: number;
  readonly etag?: EtagForm;
  /** The first `provisioningState` of a new resource; `Creating` where nothing else was recorded. */
  readonly firstState: 'Creating' | 'Pending';
  /** How answers spell the type, where it is not as in the path. */
  readonly shownType?: string;
  /** Ids of answers have `/resourcegroups/`, in whichever case it was sent. */
  readonly lowerGroupInIds: boolean;
  /** Answers name the location as people do: `West Europe`. */
  readonly displayLocation: boolean;
  /** Answers leave `tags` out where there are none. */
  readonly omitsEmptyTags: boolean;
  /** `tenantId` is shown beside user-assigned identities too. */
  readonly tenantWithUser: boolean;
  /** Another set of identities starts the app again. */
  readonly restarts: boolean;
  /** What a write gets while another runs. */
  readonly busy: 'Conflict' | 'AnotherOperationInProgress' | 'site';
  /** When GET shows `{"type":"None"}` rather than no identity: `once-stated`, after a write that named `identity`. */
  readonly showsNone: 'never' | 'always' | 'once-stated';
  /** Older api-versions whose PATCH ignores `identity`. */
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

const COMPUTE = {
  ...COMMON,
  patchAnswer: ASYNC_200,
  putAnswer: put(ASYNC_201, ASYNC_200),
  deleteAnswer: ASYNC_202,
  newEntries: 'empty',
  etag: COMPUTE_ETAG,
  busy: 'AnotherOperationInProgress',
} as const satisfies Partial<HostType>;

const SITE = {
  ...COMMON,
  putAnswer: put(WAIT),
  etag: { header: 'put', conditional: false },
  displayLocation: true,
  omitsEmptyTags: true,
  keyCase: 'resourcegroups',
  restarts: true,
  busy: 'site',
} as const satisfies Partial<HostType>;

export const SITES: HostType = { ...SITE, ...named('Microsoft.Web/sites', 'sites', '2016-08-01') };
export const SLOTS: HostType = { ...SITE, ...named('Microsoft.Web/sites/slots', 'slots', '2016-08-01') };

export const HOST_TYPES: readonly HostType[] = [
  {
    ...COMPUTE,
    ...named('Microsoft.Compute/virtualMachines', 'virtualMachines', '2017-12-01'),
  },
  {
    ...COMPUTE,
    ...named('Microsoft.Compute/virtualMachineScaleSets', 'virtualMachineScaleSets', '2017-03-30'),
  },
  SITES,
  SLOTS,
  {
    ...omitCombined(COMMON),
    ...named('Microsoft.Logic/workflows', 'workflows'),
    patch: 'nothing',
  },
  {
    ...COMMON,
    ...named('Microsoft.ContainerInstance/containerGroups', 'containerGroups', '2018-02-01-preview'),
    patch: 'tags',
    putAnswer: put(ASYNC_201),
    deleteAnswer: LOCATION,
    firstState: 'Pending',
    tenantWithUser: true,
    restarts: true,
  },
  {
    ...COMMON,
    ...named('Microsoft.App/containerApps', 'containerApps'),
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
    ...named('Microsoft.ContainerService/managedClusters', 'managedClusters', '2018-08-01-preview'),
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
    ...named('Microsoft.Storage/storageAccounts', 'storageAccounts'),
    combined: 'SystemAssigned,UserAssigned',
    // A new account is answered with a Location; what is changed in one is there at once.
    putAnswer: put(LOCATION, WAIT),
    putWithoutIdentity: 'keeps',
    showsNone: 'once-stated',
  },
  {
    ...COMMON,
    ...named('Microsoft.DataFactory/factories', 'factories'),
    combined: 'SystemAssigned,UserAssigned',
    keyCase: 'lower',
  },
  {
    ...COMMON,
    ...named('Microsoft.ApiManagement/service', 'apiManagement'),
    patchAnswer: LOCATION,
    putAnswer: put({ ...LOCATION, status: 201 }, LOCATION),
    deleteAnswer: LOCATION,
  },
  {
    ...COMMON,
    ...named('Microsoft.Automation/automationAccounts', 'automationAccounts'),
    // arm-automation 10.1.1 pins one of these (docs/azure-facts.md section 7).
    blindVersions: ['2015-10-31', '2020-01-13-preview'],
  },
];

/** A type that is not in the table: what arm-resources can do with any (docs/azure-facts.md section 7, last row of the table). */
export function unlistedType(type: string, apiVersions: readonly string[]): HostType {
  const area = type.split('/').at(-1) ?? type;
  return { ...COMMON, type, area, apiVersions, patchVersions: apiVersions };
}

export const findType = (types: readonly HostType[], type: string): HostType | undefined =>
  types.find((each) => sameType(each.type, type));

/** What makes a type differ from others, with the versions it is served at. */
function named(type: string, area: string, patchSince = '') {
  const patchVersions = versionsOf(type, { since: patchSince });
  return { type, area, apiVersions: versionsOf(type), patchVersions };
}

function omitCombined<T extends { readonly combined: unknown }>({
  combined: _,
  ...rest
}: T): Omit<T, 'combined'> {
  return rest;
}
