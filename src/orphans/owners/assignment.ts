import { assignmentMark } from '../../azure/names/assignment-mark.ts';
import { proveOwnership } from '../../azure/names/assignment-name.ts';
import type { OwnerView } from '../view.ts';
import { livingBy, type Objects, type ShownAssignment } from './objects.ts';

/**
 * Whose a role assignment is. Its name proves that azid made it, its description names the object; anybody may edit a description, so
 * one that names nobody, or another installation, leaves the owner unknown.
 */
export function assignmentOwner(
  assignment: ShownAssignment,
  installationId: string,
  objects: Objects,
): OwnerView {
  if (!proveOwnership(assignment, installationId))
    return { state: 'unknown', why: 'its name does not prove that this installation of azid made it' };
  const by = livingBy(objects.grantsOf(assignment));
  if (by !== undefined) return { state: 'living', by };
  const record = objects.retained(assignment.key);
  if (record?.unproven)
    return {
      state: 'unknown',
      why: 'it was there without an object when azid began to keep records of what it retains',
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
