import { asciiLower } from '../../../azure/names/ascii.ts';
import type { HostCache } from '../../../cache/hosts/hosts.ts';
import type { IdentityCache } from '../../../cache/identities.ts';
import type { ObservedPrincipal } from '../../../orphans/observed.ts';
import type { Stores } from '../../stores.ts';
import type { PrincipalOf } from './assignments.ts';

interface PrincipalsDeps {
  readonly identityCache: Pick<IdentityCache, 'byIndex'>;
  readonly hostCache: Pick<HostCache, 'byIndex'>;
  readonly stores: Pick<Stores, 'orphanRecords'>;
}

/**
 * Whether principals are there. What Azure shows is; of the others the directory knows, where azid may ask it, or a record that azid
 * itself deleted the identity. Nothing is concluded from a list that does not show one: it may be anybody's.
 *
 * @param directory what it answered of those that no cache shows; undefined: it was not asked
 */
export function principalsOf(
  directory: ReadonlyMap<string, ObservedPrincipal> | undefined,
  { identityCache, hostCache, stores }: PrincipalsDeps,
): PrincipalOf {
  const ended = new Set(
    stores.orphanRecords
      .values()
      .flatMap(({ spec }) => (spec.identity && spec.deletion ? asciiLower(spec.identity.principalId) : [])),
  );
  return (principalId) => {
    const id = asciiLower(principalId);
    if (identityCache.byIndex('principal', id).length > 0) return { state: 'present' };
    if (hostCache.byIndex('principal', id).length > 0) return { state: 'present' };
    const reported = directory?.get(id);
    if (reported) return reported;
    if (ended.has(id)) return { state: 'gone' };
    return { state: 'unknown', why: directory ? 'the directory was not asked about it' : NOT_ASKED };
  };
}

const NOT_ASKED =
  'azid does not ask the directory; grant it Directory.Read.All of Microsoft Graph and start it with --directory true';
