import type { AttachedIdentity, AzureHost } from '../host.ts';
import { isSettled } from './read-host.ts';

/**
 * Whether an identity on a host gives tokens, as far as one read shows. An entry without ids is dead only on a
 * resource that Azure is done with: while any operation runs there, whoever began it, a new entry shows no ids, for
 * 16 min and longer (docs/azure-facts.md, "The `identity` property").
 */
type Liveness = 'alive' | 'dead' | 'unsettled';

export function livenessOf(
  host: Pick<AzureHost, 'provisioningState'>,
  { principalId }: Pick<AttachedIdentity, 'principalId'>,
): Liveness {
  if (principalId !== undefined) return 'alive';
  return isSettled(host) ? 'dead' : 'unsettled';
}
