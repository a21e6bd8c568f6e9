import { versionsOf } from '../../catalog/versions.ts';
import {
  ArmError,
  type ArmRequest,
  type ArmResponse,
  type Operation,
  page,
  pageSizeOf,
} from '../../http/operation.ts';
import { IDENTITY_TYPE, type Identity } from '../../identities/identities.ts';
import { shortLocation } from '../../resources/locations.ts';
import { scopeKey } from '../../world/scope.ts';
import type { Host } from '../host.ts';
import { identityPart, listedId } from '../host-body.ts';
import type { HostFrame } from '../part.ts';
import { findType, type HostType } from '../types.ts';

/** A row of the generic list, before `$expand` and the filter's rule about tags. */
interface Row {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly resourceGroup: string;
  readonly principalId?: string;
  readonly shown: Readonly<Record<string, unknown>>;
  readonly expandable: Readonly<Record<string, unknown>>;
}

/** GET `/subscriptions/{s}/resources`, of a group likewise (docs/azure-facts.md section 7, "Listing hosts"). It lags as all lists do. */
export function genericListOperations(
  frame: HostFrame,
  types: () => readonly HostType[],
): readonly Operation[] {
  const common = {
    method: 'GET',
    resourceType: 'Microsoft.Resources/resources',
    apiVersions: versionsOf('Microsoft.Resources/resourceGroups'),
    action: 'Microsoft.Resources/subscriptions/resources/read',
    checksRights: true,
    handle: (request: ArmRequest) => list(frame, types(), request),
  } as const;
  const pattern = '/subscriptions/{subscriptionId}/resources';
  const inGroup = '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/resources';
  return [
    { ...common, id: 'resources.list', pattern },
    { ...common, id: 'resources.listByResourceGroup', pattern: inGroup },
  ];
}

function list(frame: HostFrame, types: readonly HostType[], request: ArmRequest): ArmResponse {
  const filter = readFilter(request.query.get('$filter'));
  const expand = (request.query.get('$expand') ?? '').split(',').map((name) => name.trim().toLowerCase());
  const unknown = expand.find(
    (name) => !['', 'createdtime', 'changedtime', 'provisioningstate'].includes(name),
  );
  if (unknown !== undefined)
    throw new ArmError(
      400,
      'InvalidExpandQueryParameter',
      `The '$expand' query parameter value '${unknown}' is invalid. The supported values are 'createdTime,changedTime,provisioningState'.`,
    );
  const area = `${scopeKey(request.path).replace(/\/resources$/, '')}/`;
  const rows = [...hostRows(frame, types), ...identityRows(frame)]
    .filter((row) => scopeKey(row.id).startsWith(area))
    .filter((row) => matches(filter, row));
  const size = pageSizeOf(request, frame.knobs.values.paging.pageSize);
  const shape = (row: Row) =>
    frame.authorizer.authorize(request.caller, `${row.type}/read`, row.id).allowed
      ? shown(row, filter, expand)
      : undefined;
  return { status: 200, body: page(request, rows, size, shape) };
}

function shown(row: Row, filter: ResourceFilter, expand: readonly string[]): unknown {
  const expanded = Object.entries(row.expandable).filter(([name]) => expand.includes(name.toLowerCase()));
  return {
    id: row.id,
    name: row.name,
    type: row.type,
    location: row.location,
    ...row.shown,
    // Filtered by tags, the tags themselves are left out (verified).
    ...(!namesTags(filter) && { tags: row.tags }),
    ...Object.fromEntries(expanded),
  };
}

function matches(filter: ResourceFilter, row: Row): boolean {
  if (filter.length === 0) return true;
  return filter.some((terms) => terms.every((term) => fits(term, terms, row)));
}

function fits({ field, value }: FilterTerm, terms: readonly FilterTerm[], row: Row): boolean {
  const wanted = value.toLowerCase();
  switch (field) {
    case 'resourcetype':
      return row.type.toLowerCase() === wanted;
    case 'resourcegroup':
      return row.resourceGroup.toLowerCase() === wanted;
    case 'name':
      return row.name.toLowerCase() === wanted;
    case 'location':
      return row.location === shortLocation(value);
    case 'identity/principalid':
      return row.principalId === wanted;
    case 'tagname':
      return Object.keys(row.tags).some((name) => name.toLowerCase() === wanted);
    case 'tagvalue':
      return tagged(terms, row, value);
  }
}

/** `tagValue` is of the tag that `tagName` beside it names; values compare with case. */
function tagged(terms: readonly FilterTerm[], row: Row, value: string): boolean {
  const named = terms.find(({ field }) => field === 'tagname')?.value.toLowerCase();
  return Object.entries(row.tags).some(([name, held]) => name.toLowerCase() === named && held === value);
}

function hostRows(frame: HostFrame, types: readonly HostType[]): Row[] {
  return frame.hosts.listed().map((host: Host) => {
    const type = findType(types, host.type);
    const identity =
      type && frame.knobs.values.hosts.genericListIdentity ? identityPart(frame, type, host) : {};
    return {
      id: listedId(frame, host),
      name: host.name,
      type: host.type,
      location: host.location,
      tags: host.tags,
      resourceGroup: host.resourceGroup,
      ...(host.identity.system && { principalId: host.identity.system.principalId }),
      shown: {
        ...(host.kind !== undefined && { kind: host.kind }),
        ...(host.sku !== undefined && { sku: host.sku }),
        ...identity,
      },
      expandable: {
        createdTime: new Date(host.createdAt).toISOString(),
        changedTime: new Date(host.changedAt).toISOString(),
        provisioningState: host.provisioningState,
      },
    };
  });
}

function identityRows({ identities }: HostFrame): Row[] {
  return identities.listed().map(({ id, name, location, tags, resourceGroup }: Identity) => ({
    id,
    name,
    type: IDENTITY_TYPE,
    location,
    tags,
    resourceGroup,
    shown: {},
    expandable: {},
  }));
}

const FIELDS = [
  'resourcetype',
  'resourcegroup',
  'name',
  'location',
  'tagname',
  'tagvalue',
  'identity/principalid',
] as const;

interface FilterTerm {
  readonly field: (typeof FIELDS)[number];
  readonly value: string;
}

/** Any of the rows, all terms of it; empty = everything. */
type ResourceFilter = readonly (readonly FilterTerm[])[];

const TERM = /^([a-z/]+)\s+eq\s+'((?:[^']|'')*)'$/i;

/**
 * Reads the `$filter` of the generic list: `eq` terms joined by `and`, and those by `or`, without brackets. Throws
 * `InvalidFilterInQueryString` for anything else, and for tags beside other fields, which the service does not take.
 */
export function readFilter(text: string | undefined): ResourceFilter {
  if (text === undefined || text.trim() === '') return [];
  const filter = splitAt(text, 'or').map((row) => splitAt(row, 'and').map(readTerm));
  const fields = filter.flat().map(({ field }) => field);
  if (namesTags(filter) && fields.some((field) => !field.startsWith('tag'))) throw invalid(text);
  return filter;
}

const namesTags = (filter: ResourceFilter): boolean =>
  filter.some((terms) => terms.some(({ field }) => field.startsWith('tag')));

function readTerm(text: string): FilterTerm {
  const [, name = '', value = ''] = TERM.exec(text.trim()) ?? [];
  const field = FIELDS.find((each) => each === name.toLowerCase());
  if (field === undefined) throw invalid(text);
  return { field, value: value.replaceAll("''", "'") };
}

/** Splits at a word outside of quotes. */
function splitAt(text: string, word: 'and' | 'or'): string[] {
  const parts = text.split(new RegExp(`\\s+${word}\\s+(?=(?:[^']*'[^']*')*[^']*$)`, 'i'));
  return parts.map((part) => part.trim());
}

/** Text of Azure/azure-cli#21187; the code is unsure. */
function invalid(text: string): ArmError {
  return new ArmError(
    400,
    'InvalidFilterInQueryString',
    `Invalid $filter '${text}' specified in the query string.`,
  );
}
