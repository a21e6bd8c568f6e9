/** Makes one role assignment of a record again, under the first of its names that is free. */
import { classify } from '../azure/arm/classify.ts';
import type { RoleAssignments } from '../azure/role-assignments.ts';
import { type Clock, sleep } from '../runtime/time/clock.ts';
import type { AssignmentStep } from './plan.ts';

interface AssignmentDeps {
  readonly assignments: Pick<RoleAssignments, 'get' | 'put'>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly dryRun: boolean;
}

/** `made` and `there`: with its id, or in words. `left`: why it is not made, for people. */
type RestoredAssignment = readonly [result: 'made' | 'there' | 'left', what: string];

/** A principal that was just made may be unknown to the service of assignments for so long (docs/azure-facts.md section 5). */
const PRINCIPAL_MS = 10 * 60_000;
const AGAIN_MS = 10_000;

export async function restoreAssignment(
  { scope, names, put }: AssignmentStep,
  deps: AssignmentDeps,
): Promise<RestoredAssignment> {
  const { assignments, signal, dryRun } = deps;
  const what = inWords({ scope, put });
  for (const name of names) {
    const found = await assignments.get(scope, name, { priority: 'edit', signal });
    if (found.found) {
      const { principalId, roleGuid, id } = found.assignment;
      if (
        principalId === put.principalId.toLowerCase() &&
        put.roleDefinitionId.toLowerCase().endsWith(roleGuid)
      )
        return ['there', id];
      continue;
    }
    if (found.missing !== 'resource' && found.missing !== 'roleAssignment')
      return ['left', `${what}: the scope is not there any more`];
    if (dryRun) return ['made', what];
    const result = await make(scope, name, put, what, deps);
    if (result !== 'nameTaken') return result;
  }
  return ['left', `${what}: other assignments have its names`];
}

export function inWords({ scope, put }: Pick<AssignmentStep, 'scope' | 'put'>): string {
  return `role ${put.roleDefinitionId} at ${scope}`;
}

async function make(
  scope: string,
  name: string,
  put: AssignmentStep['put'],
  what: string,
  { assignments, clock, signal }: AssignmentDeps,
): Promise<RestoredAssignment | 'nameTaken'> {
  const since = clock.monotonic();
  for (;;)
    try {
      const written = await assignments.put(scope, name, put, { priority: 'edit', signal });
      return written.result === 'written' ? ['made', written.assignment.id] : ['there', what];
    } catch (thrown) {
      const found = classify(thrown);
      if (found.kind === 'notFound') return ['left', `${what}: the scope is not there any more`];
      const reason = 'reason' in found ? found.reason : found.kind;
      if (reason === 'RoleAssignmentUpdateNotPermitted') return 'nameTaken';
      if (reason !== 'PrincipalNotFound' || clock.monotonic() - since >= PRINCIPAL_MS) throw thrown;
      await sleep(clock, AGAIN_MS, signal);
    }
}
