import type { OrphanRecord } from '../../../api/orphan-record.ts';
import type { CallContext } from '../../../azure/arm/arm-calls.ts';
import { parseCredentialId } from '../../../azure/azure-federated-credential.ts';
import { parseAssignmentId } from '../../../azure/azure-role-assignment.ts';
import type { FederatedCredentials } from '../../../azure/federated-credentials.ts';
import type { Identities } from '../../../azure/identities.ts';
import { sameText } from '../../../azure/names/ascii.ts';
import type { RoleAssignments } from '../../../azure/role-assignments.ts';
import { failureOf } from '../../status/failure.ts';
import type { Stores } from '../../stores.ts';
import { type SweptScope, scopeOf } from '../scopes.ts';

interface UnconfirmedDeps {
  readonly identities: Pick<Identities, 'get'>;
  readonly assignments: Pick<RoleAssignments, 'get'>;
  readonly credentials: Pick<FederatedCredentials, 'get'>;
  readonly stores: Pick<Stores, 'orphanRecords'>;
  readonly installationId: string;
}

/** So many are asked for in a run, the newest. */
const ASKED = 20;

/**
 * Records that say nothing of a deletion although their thing is gone: a process died between the DELETE and what reports it. That the
 * identity of a principal ended is believed of a record that says so, and only such ones count as what an identity had.
 */
export async function unconfirmedRecords(
  swept: readonly SweptScope[],
  context: CallContext,
  deps: UnconfirmedDeps,
): Promise<Set<string>> {
  const open = deps.stores.orphanRecords
    .values()
    .filter(
      ({ spec }) =>
        spec.deletion === undefined &&
        spec.installationId === deps.installationId &&
        scopeOf(spec.id, swept) !== undefined,
    )
    .toSorted((a, b) => (a.spec.recordedAt < b.spec.recordedAt ? 1 : -1))
    .slice(0, ASKED);
  const names = new Set<string>();
  for (const record of open) if (await isGone(record, context, deps)) names.add(record.metadata.name);
  return names;
}

async function isGone(
  { spec: { type, id, identity } }: OrphanRecord,
  context: CallContext,
  deps: UnconfirmedDeps,
): Promise<boolean> {
  try {
    if (type === 'RoleAssignment') {
      const { scope, name } = parseAssignmentId(id);
      return !(await deps.assignments.get(scope, name, context)).found;
    }
    if (type === 'FederatedIdentityCredential') {
      const { identityId, name } = parseCredentialId(id);
      return !(await deps.credentials.get(identityId, name, context)).found;
    }
    const got = await deps.identities.get(id, context);
    return !got.found || !sameText(got.identity.principalId, identity?.principalId ?? '');
  } catch (error) {
    // What cannot be read now is asked for in the next run.
    if (error instanceof TypeError || failureOf(error)) return false;
    throw error;
  }
}
