/**
 * The name of a role assignment says who made it: Azure keeps no tags on assignments, but their names are GUIDs that
 * the caller chooses (docs/azure-facts.md section 5). A frozen wire format with test vectors, docs/wire-format.md.
 */
import { readGuid, trailingGuid, uuidV5 } from './guid.ts';
import { armKey } from './resource-id.ts';
import { parseScope } from './scope.ts';

/** Frozen: with another one azid would no longer know what it has granted. */
export const ASSIGNMENT_NAMESPACE = '6523598a-4b98-4a19-a815-7a79b2c47bc6';

interface Grant {
  /** `/` for the tenant; any case. */
  readonly scope: string;
  /** GUID of the role definition, or an id that ends in it. */
  readonly role: string;
  /** Object id. With it in the name a recycled identity gets a new assignment (docs/guarantees.md G10). */
  readonly principalId: string;
}

/** How many names azid may give to one grant; frozen, too. The others are for when Azure does not take the first. */
export const ASSIGNMENT_NAMES = 3;

/**
 * UUIDv5 over installation, scope, role and principal: lower case, trimmed, one a line. A line end cannot occur in any
 * of them, so no two grants share an input. Throws `TypeError` for what is no GUID or no scope.
 *
 * @param nth 1 to `ASSIGNMENT_NAMES`; from the second on it is a fifth line
 */
export function assignmentName(
  installationId: string,
  { scope, role, principalId }: Grant,
  nth: number = 1,
): string {
  if (!Number.isInteger(nth) || nth < 1 || nth > ASSIGNMENT_NAMES)
    throw new TypeError(`Expected one of the ${ASSIGNMENT_NAMES} names of a grant, got ${nth}`);
  parseScope(scope.trim());
  const input = [
    readGuid('the installation id', installationId),
    // Frozen: all letters in lower case here, although ids are compared by those of ASCII alone.
    armKey(scope.trim()).toLowerCase(),
    trailingGuid('the role', role),
    readGuid('the principal id', principalId),
    ...(nth > 1 ? [String(nth)] : []),
  ];
  return uuidV5(ASSIGNMENT_NAMESPACE, input.join('\n'));
}

/** All that azid may call a grant, in the order in which they are tried. */
export function assignmentNames(installationId: string, grant: Grant): readonly string[] {
  return Array.from({ length: ASSIGNMENT_NAMES }, (_, at) => assignmentName(installationId, grant, at + 1));
}

/** An assignment as Azure shows it, as far as the proof needs it. */
interface NamedAssignment {
  readonly name: string;
  readonly scope: string;
  readonly roleGuid: string;
  readonly principalId: string;
}

/**
 * Whether this installation made the assignment: its name must come out again, as one of the names of a grant, from its
 * own scope, role and principal.
 * What cannot be read proves nothing and gives false.
 */
export function proveOwnership(assignment: NamedAssignment, installationId: string): boolean {
  const { name, scope, roleGuid: role, principalId } = assignment;
  try {
    // One after the other: nearly all have the first, and a sweep asks of each that there is.
    for (let nth = 1; nth <= ASSIGNMENT_NAMES; nth++)
      if (assignmentName(installationId, { scope, role, principalId }, nth) === name.trim().toLowerCase())
        return true;
    return false;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

export interface AssignmentMark {
  readonly installationId: string;
  /** `namespace/name` of the object that is named first. */
  readonly key: string;
  /** No other object shared it when that was written. */
  readonly alone: boolean;
}

const MARK = /\[azid (\S+): ([^\s\]]+)( and \d+ more)?\]$/;

/** Whom an assignment's description names, in azid's own words: an assignment has no tags that could say so. */
export function assignmentMark(description: string | undefined): AssignmentMark | undefined {
  const [, installationId, key, more] = MARK.exec(description ?? '') ?? [];
  if (installationId === undefined || key === undefined) return undefined;
  return { installationId, key, alone: more === undefined };
}
