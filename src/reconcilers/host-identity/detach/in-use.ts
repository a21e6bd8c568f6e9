import { DETACH_IN_USE_ANNOTATION } from '../../../api/schema/host-fields.ts';
import type { HostIdentityValue } from '../../../azure/hosts/host.ts';
import { usesOfIdentity, usesOfSystemIdentity } from '../../../azure/hosts/read/identity-uses.ts';
import type { Model } from '../../../azure/hosts/write/replace.ts';
import { SYSTEM } from '../../hosts/ledger/lines.ts';
import { IN_USE, type Trouble } from '../../hosts/ledger/problems.ts';
import { type Case, idOf, nameInEvents } from '../identity/case.ts';

/** What names the identity of this key on the resource, beside its list of identities. */
export function usesOn(
  model: Model,
  { principalId, userAssigned }: HostIdentityValue,
  key: string,
): string[] {
  if (key === SYSTEM) return usesOfSystemIdentity(model, { principalId });
  const shown = userAssigned.find((each) => each.key === key && each.principalId !== undefined);
  return usesOfIdentity(model, { key, clientId: shown?.clientId, principalId: shown?.principalId });
}

/**
 * Why the identity is not taken off the resource, though it may be: the resource uses it. Its object lets it go all the same
 * by naming the properties (`DETACH_IN_USE_ANNOTATION`).
 */
export function useOf(
  each: Case,
  confirmed: readonly { readonly detachInUse: readonly string[] }[],
): Trouble | undefined {
  const named = new Set(
    confirmed.flatMap(({ detachInUse }) => detachInUse).map((path) => path.toLowerCase()),
  );
  const open = each.uses.filter((path) => !named.has(path.toLowerCase()));
  if (open.length === 0) return undefined;
  const name = nameInEvents(each, idOf(each));
  const paths = each.uses.join(', ');
  return {
    reason: IN_USE,
    message: `${each.host.id} uses ${name} in ${open.join(', ')}, and would fail there without it, so azid does not take it off: name another identity there, or none; or let azid go on by annotation ${DETACH_IN_USE_ANNOTATION}: "${paths}" on the object`,
  };
}
