import type { Undetermined } from '../../status/deleting.ts';
import { stalled } from '../../status/failure.ts';
import type { Facts, RoleGrant } from '../facts.ts';

/**
 * A status may have been lost, or altered, while no azid ran. So a deletion is over only when it is known what azid
 * may have given: what the object asks for was read, or a complete list of its scope showed what is marked for it.
 */
export function undeterminedOf(
  { spec }: RoleGrant,
  { azure, marked, principal, role, target }: Facts,
): Undetermined | undefined {
  if (!marked || marked.list.state === 'complete' || (target && azure)) return undefined;
  if (marked.list.state === 'loading')
    return {
      state: 'waiting',
      message: `waiting for the first list of the role assignments of ${spec.scope}, which shows whether one is left`,
    };
  if (principal.state === 'unreadable') return { state: 'blocked', failure: principal.failure };
  if (role?.state === 'unreadable') return { state: 'blocked', failure: role.failure };
  return {
    state: 'blocked',
    failure: stalled(
      'ListIncomplete',
      `what azid may have granted on ${spec.scope} is not known, as the list of its role assignments may leave some out: ${marked.list.because}`,
    ),
  };
}
