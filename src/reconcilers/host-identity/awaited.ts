import type { AzureHost } from '../../azure/hosts/host.ts';
import { armKey } from '../../azure/resource-id.ts';
import type { Stance } from '../hosts/stance.ts';
import { mayGive } from './claims.ts';

/** So long a write waits for the next word of those who name the host, ms: it comes within a visit of each. */
const LONGEST_PAUSE_MS = 10_000;

/**
 * How many who name the host, and may have what it does not show, have yet to give their word: the finalizer, or the
 * warning that the resource restarts. What many ask for at once then goes out in one write (docs/architecture.md section 4).
 */
export function awaitedWords(stances: readonly Stance[], host: AzureHost | undefined): number {
  const shown = new Set(host?.identity.userAssigned.map(({ key }) => key));
  return stances.filter((stance) => {
    if (stance.state !== 'wants' || stance.turn || !stance.wordDue || !mayGive(stance)) return false;
    return stance.what === 'system' ? !host?.identity.system : !shown.has(armKey(stance.what.identityId));
  }).length;
}

/** Whether a write is still held for it: nobody can hold one up for long. */
export function holdsForWords(words: number, awaitedMs: number): boolean {
  return words > 0 && awaitedMs < LONGEST_PAUSE_MS;
}
