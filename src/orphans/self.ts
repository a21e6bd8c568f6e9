import { sameText } from '../azure/names/ascii.ts';
import type { SweepObservation } from './observed.ts';

/** azid's own identity, what it may do and who becomes it are never orphans (docs/guarantees.md G21). */
export function isAzidItself(
  thing: { readonly principalId: string; readonly clientId?: string },
  self: SweepObservation['self'],
): boolean {
  if (!self) return false;
  const same = (mine: string, its = '') => mine !== '' && sameText(mine, its);
  return same(self.principalId, thing.principalId) || same(self.clientId, thing.clientId);
}
