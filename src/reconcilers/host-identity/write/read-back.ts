import type { HostIdentity, ObservedHost } from '../facts.ts';
import { shownOn } from '../identity/case.ts';
import { ownStatus } from '../object.ts';
import { recycledSince } from '../repair/recycled.ts';
import type { HostMemory } from './memory.ts';

/**
 * What Azure took is remembered until a read shows it, or shows that the resource is another one or gone: a later change is
 * somebody else's doing, or nobody's, and has nothing to do with that write any more.
 */
export function readBack(object: HostIdentity, observed: ObservedHost | undefined, memory: HostMemory): void {
  const { uid } = object.metadata;
  if (observed?.state === 'absent' && observed.conclusive) memory.forgetAccepted(uid);
  if (observed?.state !== 'present' || !observed.live) return;
  const { host } = observed;
  if (recycledSince(ownStatus(object), host)) memory.forgetAccepted(uid);
  for (const [key, { wanted }] of memory.of(uid).accepted) {
    const shown = shownOn(host, key);
    if (wanted === 'present' ? shown?.principalId !== undefined : shown === undefined)
      memory.forgetAccepted(uid, key);
  }
}
