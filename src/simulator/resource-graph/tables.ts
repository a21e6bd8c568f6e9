import { parseScope } from '../scope.ts';
import type { Copied } from './copy.ts';
import type { Table } from './query/run.ts';
import type { Column } from './query/values.ts';

/** The columns of every table. */
const COLUMNS: readonly Column[] = [
  ...[
    'id',
    'name',
    'type',
    'tenantId',
    'kind',
    'location',
    'resourceGroup',
    'subscriptionId',
    'managedBy',
  ].map((name) => ({ name, type: 'string' }) as const),
  ...['sku', 'plan', 'properties', 'tags', 'identity', 'zones', 'extendedLocation'].map(
    (name) => ({ name, type: 'dynamic' }) as const,
  ),
];

/** In which table a type is; the types of all others are in `resources`. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'microsoft.authorization/roleassignments': 'authorizationresources',
  'microsoft.authorization/policyassignments': 'policyresources',
};

export const TABLES = ['resources', 'authorizationresources', 'policyresources'] as const;

/** Types and groups are in lower case there, ids as they are. Undefined for a table that is not simulated. */
export function tableOf(
  name: string,
  copied: readonly Copied[],
  { tenantId, mayRead }: { readonly tenantId: string; readonly mayRead: (copied: Copied) => boolean },
): Table | undefined {
  if (!(TABLES as readonly string[]).includes(name)) return undefined;
  const own = copied
    .filter(({ type }) => (ELSEWHERE[type.toLowerCase()] ?? 'resources') === name)
    .filter(mayRead);
  return { columns: COLUMNS, rows: own.map((each) => rowOf(each, tenantId)) };
}

function rowOf({ id, type, body }: Copied, tenantId: string) {
  const scope = parseScope(id);
  return {
    ...Object.fromEntries(
      COLUMNS.map(({ name, type: of }) => [name, body[name] ?? (of === 'string' ? '' : null)]),
    ),
    id,
    type: type.toLowerCase(),
    tenantId,
    subscriptionId: 'subscriptionId' in scope ? (scope.subscriptionId ?? '') : '',
    resourceGroup: 'resourceGroup' in scope ? (scope.resourceGroup ?? '').toLowerCase() : '',
  };
}
