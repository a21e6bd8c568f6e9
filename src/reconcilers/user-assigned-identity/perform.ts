import type { Identities } from '../../azure/identities.ts';
import { MARK, tag } from '../../azure/names/identity-marks.ts';
import { parseIdentityId } from '../../azure/names/resource-id.ts';
import type { RoleAssignments } from '../../azure/role-assignments.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { CommonAction } from '../decision.ts';
import { type Performed, type ReconcileContext, written } from '../kind.ts';
import { performDeleteLeftover } from '../principal-deletion.ts';
import type { IdentityProofs } from '../proof/identity-proofs.ts';
import type { RecordedPrincipals } from '../proof/recorded-principals.ts';
import type { KeptAction } from '../retained.ts';
import { AlreadyExists } from '../status/failure.ts';
import type { Action, OwnStatus, UserAssignedIdentity } from './facts.ts';
import { applyConfigMap, deleteConfigMap, type OutputDeps } from './output.ts';

type IdentityAction = Exclude<Action, CommonAction<OwnStatus> | KeptAction>;

interface PerformDeps extends OutputDeps {
  readonly identities: Identities;
  readonly assignments: Pick<RoleAssignments, 'delete'>;
  readonly proofs: Pick<IdentityProofs, 'dispute' | 'settle'>;
  readonly principals: Pick<RecordedPrincipals, 'record' | 'withdraw' | 'shown'>;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** Carries out one action. Thin on purpose: everything that could be decided was decided before. */
export async function perform(
  action: IdentityAction,
  object: UserAssignedIdentity,
  context: ReconcileContext,
  deps: PerformDeps,
): Promise<Performed> {
  const { identities } = deps;
  switch (action.type) {
    case 'createIdentity': {
      const { id, location, tags, isolationScope, event } = action;
      const put = { ...parseIdentityId(id), location, tags, isolationScope };
      const { created, ...answer } = await identities.put(put, context);
      const { uid } = object.metadata;
      const { principalId } = answer.identity;
      if (created) {
        deps.proofs.settle(uid);
        // Not before Azure says that it is new: what is on record may still have been elsewhere.
        if (principalId !== '') deps.principals.shown(principalId, uid, deps.clock.monotonic());
      } else deps.proofs.dispute(uid, principalId);
      if (!created) throw new AlreadyExists(`identity ${id} was made by someone else at the same moment`);
      return written(event, { id, change: 'write' }, answer);
    }
    case 'updateIdentity': {
      const { id, tags, isolationScope, event } = action;
      // Marks that are set on purpose count, even where others were written by mistake before.
      if (tags && tag(tags, MARK.ownerUid) !== undefined) deps.proofs.settle(object.metadata.uid);
      const change = { ...(tags && { tags }), isolationScope };
      return written(event, { id, change: 'write' }, await identities.patch(id, change, context));
    }
    case 'deleteIdentity':
      return written(
        action.event,
        { id: action.id, change: 'delete' },
        await identities.delete(action.id, context),
      );
    case 'recordPrincipal':
      await deps.principals.record(object.metadata.uid, action.principalId, context.signal);
      return {};
    case 'withdrawPrincipal':
      await deps.principals.withdraw(action.principalId, action.uids, deps.clock.monotonic(), context.signal);
      return {};
    case 'deleteLeftover':
      return performDeleteLeftover(action, context, deps);
    case 'applyConfigMap':
      await applyConfigMap(action, object, context, deps);
      return {};
    case 'deleteConfigMap':
      await deleteConfigMap(action, object, context, deps);
      return {};
  }
}
