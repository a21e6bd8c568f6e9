import { assignmentMark, proveOwnership } from '../../azure/names/assignment-name.ts';
import type { ObservedOwner } from '../observed.ts';
import { livingOf, type Objects, type ShownAssignment, UNPROVEN_REMEDY } from './objects.ts';

/**
 * Whose a role assignment is. Its name proves that azid made it, its description names the object; anybody may edit a description, so
 * one that names nobody, or another installation, leaves the owner unknown.
 */
export function assignmentOwner(
  assignment: ShownAssignment,
  installationId: string,
  objects: Objects,
): ObservedOwner {
  if (!proveOwnership(assignment, installationId))
    return { state: 'unknown', why: 'its name does not prove that this installation of azid made it' };
  const living = livingOf(objects.grantsOf(assignment));
  if (living) return living;
  const record = objects.retained(assignment.key);
  if (record?.unproven)
    return {
      state: 'unknown',
      why: UNPROVEN_REMEDY,
    };
  if (record) return { state: 'retained', owner: record.owner };
  const mark = assignmentMark(assignment.description);
  if (!mark) return { state: 'unknown', why: 'its description does not name the object it was made for' };
  if (mark.installationId !== installationId)
    return { state: 'unknown', why: `its description names another installation, ${mark.installationId}` };
  const [namespace = '', name = ''] = mark.key.split('/');
  if (namespace === '' || name === '')
    return { state: 'unknown', why: 'its description does not name the object it was made for' };
  if (objects.isUnseen(namespace))
    return { state: 'unknown', why: `namespace ${namespace} was not seen yet` };
  return { state: 'gone', owner: mark.key };
}
