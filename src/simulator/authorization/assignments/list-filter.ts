import { malformed } from './assignment-errors.ts';

/** `$filter` of a role assignment list (docs/azure-facts.md section 5). */
interface AssignmentFilter {
  /** Leave out what lies below the scope. */
  readonly atScope: boolean;
  /** Lower-case. `assignedTo` also means through groups, of which this directory has none. */
  readonly principalId?: string;
}

const ATOM =
  /^(?:(?<at>atScope\(\))|principalId\s+eq\s+'(?<principal>[^']+)'|assignedTo\('(?<assigned>[^']+)'\))$/i;

/** Atoms joined by `and`; undefined = no filter. Throws 400 for what the service does not know. */
export function readAssignmentFilter(text: string | undefined): AssignmentFilter | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  let filter: AssignmentFilter = { atScope: false };
  for (const part of text.trim().split(/\s+and\s+/i)) {
    const groups = ATOM.exec(part.trim())?.groups;
    if (!groups) throw malformed(`The filter '${text}' is not supported.`);
    const principalId = (groups.principal ?? groups.assigned)?.toLowerCase();
    filter = {
      atScope: filter.atScope || groups.at !== undefined,
      ...(filter.principalId !== undefined && { principalId: filter.principalId }),
      ...(principalId !== undefined && { principalId }),
    };
  }
  return filter;
}

/** `$filter` of a role definition list. */
export interface DefinitionFilter {
  /** Lower-case. */
  readonly roleName?: string;
  readonly roleType?: string;
  readonly below: boolean;
}

const DEFINITION_ATOM =
  /^(?:roleName\s+eq\s+'(?<name>(?:[^']|'')+)'|type\s+eq\s+'(?<type>\w+)'|(?<below>atScopeAndBelow\(\)))$/i;

export function readDefinitionFilter(text: string | undefined): DefinitionFilter {
  let filter: DefinitionFilter = { below: false };
  if (text === undefined || text.trim() === '') return filter;
  for (const part of text.trim().split(/\s+and\s+(?=roleName\s|type\s|atScope)/i)) {
    const groups = DEFINITION_ATOM.exec(part.trim())?.groups;
    if (!groups) throw malformed(`The filter '${text}' is not supported.`);
    filter = {
      ...filter,
      below: filter.below || groups.below !== undefined,
      ...(groups.name !== undefined && { roleName: groups.name.replaceAll("''", "'").toLowerCase() }),
      ...(groups.type !== undefined && { roleType: groups.type.toLowerCase() }),
    };
  }
  return filter;
}
