import type { LoggedRequest } from '../../src/simulator/http/request-log.ts';

/** How many calls of each kind, most frequent first: `GET roleassignments/one 2000, GET roleassignments 12`. */
export function callKinds(calls: readonly LoggedRequest[]): string {
  const kinds = Map.groupBy(calls, ({ method, path }) => `${method} ${kindOf(path)}`);
  return [...kinds]
    .map(([kind, each]) => ({ kind, count: each.length }))
    .toSorted((a, b) => b.count - a.count)
    .map(({ kind, count }) => `${kind} ${count}`)
    .join(', ');
}

/** `/subscriptions/../providers/Microsoft.ManagedIdentity/userAssignedIdentities/web?…` -> `userassignedidentities/one`. */
function kindOf(path: string): string {
  const [where = ''] = path.toLowerCase().split('?');
  const parts = where.slice(where.lastIndexOf('/providers/') + 1).split('/');
  if (parts[0] !== 'providers') return parts.length > 2 ? 'group or subscription' : where;
  const types = parts.slice(2).filter((_, n) => n % 2 === 0);
  return parts.length % 2 === 0 ? `${types.join('/')}/one` : types.join('/');
}
