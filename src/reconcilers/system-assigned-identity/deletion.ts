import { RELEASE_ANNOTATION } from '../../api/schema/common.ts';
import { armKey, sameId } from '../../azure/names/resource-id.ts';
import { type Failure, RECHECK_OUTSIDE_MS } from '../decision.ts';
import { blockOfAll, unblocked } from '../status/blocked.ts';
import { naming, otherThan, refusalsOf } from '../status/refusals.ts';
import type {
  Action,
  Facts,
  Failed,
  OwnStatus,
  SystemAssignedIdentity,
  SystemIdentityDecision,
} from './facts.ts';
import { isSwitchedOff, ownStatus } from './own.ts';

/**
 * The object is going. With `Retain` its host only forgets it; with `Delete` the host switches off what azid switched
 * on, after whatever hangs on the principal. The object waits until the ledger does not name it any more, and can always
 * leave (docs/guarantees.md G18).
 */
export function decideDeletion(
  object: SystemAssignedIdentity,
  facts: Facts,
  failed?: Failed,
): SystemIdentityDecision {
  // Said anew each time, by what hangs on it now.
  const { released: _, ...own } = ownStatus(object);
  const { ledger } = facts;
  const resourceId = whereIs(object, facts);
  const { entry } = ledger ?? {};
  if (!entry) return leave(object, own);
  const stays = `the identity of ${resourceId} may stay on`;
  if (object.metadata.annotations?.[RELEASE_ANNOTATION] === 'true')
    return leave(object, own, `released by annotation ${RELEASE_ANNOTATION}; ${stays}`);

  const off = isSwitchedOff(object, facts);
  const other = otherThan(failed, 'deleteLeftover');
  const next = off ? beforehand(resourceId, facts, own, failed) : undefined;
  if (next && !other) return { ...next, conditions: unblocked(object) };
  const refused = off ? leftoversRefused(facts, failed) : [];
  // What else becomes of it needs nobody's leave: only a principal that ends takes something with it.
  const status = off && !other && refused.length === 0 ? { ...own, released: true } : own;
  const first = other?.failure ?? (refused.length === 0 ? refusal(ledger) : undefined);
  const [failure, ...more] = first ? [first] : refused;
  if (failure) {
    const block = blockOfAll(object, facts, [failure, ...more]);
    const why = [failure, ...more].map(({ message }) => message).join('; ');
    if (block.state === 'over') return leave(object, own, `${block.after}; ${stays}: ${why}`);
    const { summary, conditions } = block;
    return { actions: [], status, summary, conditions };
  }
  const doing = off ? 'the identity is being switched off' : 'azid lets go of the identity';
  return {
    // The host enqueues the object; this is the safety net.
    ...deleting(status, `${doing}: ${resourceId}`, RECHECK_OUTSIDE_MS, []),
    conditions: unblocked(object),
  };
}

/** Grants before their principal: of a dead one an assignment would stay for ever (docs/azure-facts.md section 6). */
function beforehand(
  resourceId: string,
  { references, leftovers }: Facts,
  own: OwnStatus,
  failed: Failed | undefined,
): SystemIdentityDecision | undefined {
  if (references.length > 0) {
    const message = `the identity of ${resourceId} is referred to by ${references.join(', ')}; delete these first`;
    return {
      actions: [],
      status: own,
      summary: { state: 'deleting', reason: 'InUse', message, againMs: 30_000 },
    };
  }
  const refusals = refusalsOf(failed, 'deleteLeftover');
  const free = leftovers.filter((each) => !refusals.has(armKey(each)));
  if (free.length === 0) return undefined;
  return deleting(
    own,
    `deleting what azid left on the identity of ${resourceId}`,
    0,
    free.map((id) => ({
      type: 'deleteLeftover',
      id,
      event: {
        type: 'Normal',
        reason: 'Revoked',
        action: 'Delete',
        message: `deleted role assignment ${id}, which azid had made for the identity of ${resourceId} and no object owns any more`,
      },
    })),
  );
}

/** Why what azid left stays. */
function leftoversRefused({ leftovers }: Facts, failed: Failed | undefined): readonly Failure[] {
  const refusals = refusalsOf(failed, 'deleteLeftover');
  return leftovers.flatMap((id) => {
    const failure = refusals.get(armKey(id));
    return failure ? naming(id, failure) : [];
  });
}

/** In words. */
function whereIs({ spec: { resourceId } }: SystemAssignedIdentity, { ledger }: Facts): string {
  const { hostId = resourceId } = ledger ?? {};
  return sameId(hostId, resourceId) ? resourceId : `${hostId} (moved from ${resourceId})`;
}

/** What the host says only somebody else can mend, or that it cannot be read. */
function refusal(ledger: Facts['ledger']): Failure | undefined {
  const told = ledger?.entry?.problem ?? ledger?.stalled ?? ledger?.unreadable;
  if (!told) return undefined;
  const { reason, message } = told;
  return { kind: 'stalled', reason, message, ambiguous: false, error: undefined };
}

function leave(
  object: SystemAssignedIdentity,
  status: OwnStatus,
  leftBehind?: string,
): SystemIdentityDecision {
  const told: Action[] =
    leftBehind === undefined
      ? []
      : [
          {
            type: 'recordEvent',
            event: { type: 'Warning', reason: 'LeftBehind', action: 'Delete', message: leftBehind },
          },
        ];
  return deleting(status, `letting go of ${object.metadata.name}`, 0, [...told, { type: 'removeFinalizer' }]);
}

function deleting(
  status: OwnStatus,
  message: string,
  againMs: number,
  actions: readonly Action[],
): SystemIdentityDecision {
  return { actions, status, summary: { state: 'deleting', message, againMs } };
}
