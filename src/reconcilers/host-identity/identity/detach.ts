import { DETACH_IN_USE_ANNOTATION } from '../../../api/schema/host-fields.ts';
import type { HostIdentityValue } from '../../../azure/hosts/host.ts';
import { usesOfIdentity, usesOfSystemIdentity } from '../../../azure/hosts/read/identity-uses.ts';
import type { Model } from '../../../azure/hosts/write/replace.ts';
import type { Releasing } from '../../hosts/claims/by-identity.ts';
import { type Line, SYSTEM, withState } from '../../hosts/ledger/lines.ts';
import {
  IN_USE,
  isHeldBack,
  isOwnVerdict,
  type Trouble,
  withoutProblem,
  withProblem,
} from '../../hosts/ledger/problems.ts';
import { type Case, type CaseDecision, idOf, isSelf, nameInEvents } from './case.ts';

/**
 * No object wants it any more. What azid did not attach, and what is to be retained, is only forgotten; the rest is taken
 * away, and its line stays until a read proves it gone (docs/guarantees.md G5, G6). No policy is asked.
 */
export function detach(each: Case, line: Line, releasing: readonly Releasing[]): CaseDecision {
  const { key, shown, facts, host, recycled, settled } = each;
  const { now, window } = facts;
  const id = idOf(each);
  const name = nameInEvents(each, id);
  const accepted = facts.accepted.get(key);
  const begun = line.state === 'Attaching' || line.state === 'Detaching';
  const stays = (why: string): CaseDecision => ({
    events: [
      {
        type: 'Normal',
        reason: 'IdentityLeft',
        action: 'Observe',
        message: `${name} stays on ${host.id}: ${why}`,
      },
    ],
  });
  if (!shown) {
    // Azure may be at the very write whose answer was lost: without its line no ledger would have what that write attaches.
    const mayLand = window.openMs > 0 || !settled || (accepted?.wanted === 'present' && accepted.until > now);
    return mayLand ? { line, pending: true } : {};
  }
  if (!line.owned) return {};
  // It was put there with the new resource.
  if (recycled === 'instance' && !begun)
    return stays('the resource was made again, and azid did not attach it since');
  if (isSelf(each)) return stays("it is azid's own identity");
  if (releasing.some(({ retain }) => retain)) return stays('its deletionPolicy is Retain');
  if (releasing.some(({ hasSlot }) => !hasSlot)) return { line };
  if (accepted?.wanted === 'absent' && accepted.until > now) return { line, pending: true };
  const use = useOf(each, releasing);
  if (use) return { line: withProblem(line, use, now) };
  if (!isOwnVerdict(line) && isHeldBack(line, now)) return { line };
  const after = releasing.flatMap(({ instead }) => instead ?? []);
  // Azure reported it done, and shows it still: some providers do (docs/azure-facts.md section 7).
  const kept = accepted?.wanted === 'absent' && line.state === 'Detaching' && isNew(line, accepted.at);
  if (kept) {
    const message = `${host.id} still has it after Azure reported its removal: remove it by hand`;
    return { line: withProblem(line, { reason: 'NotRemoved', message }, now) };
  }
  return {
    line,
    change: {
      what: 'remove',
      key,
      id,
      credential: line.credential,
      intent: withState(line.problem?.reason === IN_USE ? withoutProblem(line) : line, 'Detaching', now),
      ...(after.length > 0 && { after }),
      alone: line.problem !== undefined && line.problem.reason !== IN_USE,
      replaceAllowed: true,
      why: `${name}, which no object wants any more`,
    },
  };
}

/** The problem, if any, is about an earlier attempt than the one that ended then. */
function isNew({ problem }: Line, endedAt: number): boolean {
  return problem === undefined || Date.parse(problem.notBefore) < endedAt;
}

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
