import type { HostIdentityStatus, LedgerSystem } from '../../../api/host-identity.ts';
import { armKey } from '../../../azure/names/resource-id.ts';

/** The ledger of a host as lines, one for each identity. */

/** Stands for the resource's own identity wherever identities go by key. */
export const SYSTEM = 'system';

/** An entry of the ledger, of a user-assigned identity or, without `identityId`, of the resource's own. */
export type Line = LedgerSystem & { readonly identityId?: string };

/** The ledger by key, the resource's own identity under `SYSTEM`. */
export function linesOf({
  entries = [],
  systemAssigned,
}: Pick<HostIdentityStatus, 'entries' | 'systemAssigned'>): ReadonlyMap<string, Line> {
  const lines = new Map<string, Line>(entries.map((entry) => [armKey(entry.identityId), entry]));
  if (systemAssigned) lines.set(SYSTEM, systemAssigned);
  return lines;
}

/** For people: the name of an identity without its place, `system-assigned identity` for the resource's own. */
export function shortName(key: string, line?: Pick<Line, 'identityId'>): string {
  if (key === SYSTEM) return 'the system-assigned identity';
  return (line?.identityId ?? key).split('/').at(-1) ?? key;
}
