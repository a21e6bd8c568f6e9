import type { Verdict } from '../authorizer.ts';
import type { Foundation } from '../frame.ts';
import { ArmError } from '../http/operation.ts';
import type { RoleAssignments } from './assignments/assignments.ts';
import type { Rights } from './authorizer.ts';
import type { RoleDefinitions } from './definitions/definitions.ts';
import type { Denials } from './denials/denials.ts';

/** What the routes of this folder share. */
export interface AuthorizationParts {
  readonly frame: Foundation;
  readonly assignments: RoleAssignments;
  readonly definitions: RoleDefinitions;
  readonly rights: Rights;
  readonly denials: Denials;
}

export function assertVerdict(verdict: Verdict): void {
  if (!verdict.allowed) throw new ArmError(403, verdict.code, verdict.message);
}

/** The placeholder `{+scope}`: empty at the tenant. */
export const scopeOf = (params: Readonly<Record<string, string>>): string =>
  params.scope === undefined || params.scope === '' ? '/' : params.scope;
