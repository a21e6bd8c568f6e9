import type { Caller, Operation } from './http/operation.ts';

/** The rights of callers, as the frame asks for them. Implemented by `authorization/`. */
export interface PermissionSet {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly dataActions: readonly string[];
  readonly notDataActions: readonly string[];
}

export type Verdict =
  | { readonly allowed: true }
  | {
      readonly allowed: false;
      readonly code: 'AuthorizationFailed' | 'DenyAssignmentAuthorizationFailed';
      readonly message: string;
    };

/** Attributes of a role assignment for conditions: of the request for write, of the stored one for delete. */
export interface ConditionAttributes {
  readonly request?: Readonly<Record<string, string>>;
  readonly resource?: Readonly<Record<string, string>>;
}

export interface Authorizer {
  /** `scope` is the id of what is acted on, or of the scope itself; any case. */
  authorize(caller: Caller, action: string, scope: string, attributes?: ConditionAttributes): Verdict;
  /** The same for an operation on data, such as receiving a message: roles name those apart (`dataActions`). */
  mayOnData(caller: Caller, dataAction: string, scope: string): boolean;
  /** What the caller holds at the scope, inherited included: the answer of the `permissions` route. */
  permissions(caller: Caller, scope: string): readonly PermissionSet[];
}

/** A role by its name, its GUID, or its full id. */
export interface Grant {
  readonly principalId: string;
  readonly role: string;
  readonly scope: string;
  readonly condition?: string;
}

export interface RoleDefinitionSeed {
  readonly roleName: string;
  readonly assignableScopes?: readonly string[];
  readonly actions: readonly string[];
  readonly notActions?: readonly string[];
  readonly dataActions?: readonly string[];
  readonly notDataActions?: readonly string[];
  readonly id?: string;
}

/** An assignment as it is now, made over ARM or by the control endpoint. */
export interface HeldAssignment {
  readonly id: string;
  readonly scope: string;
  readonly roleGuid: string;
  readonly principalId: string;
}

/** Which assignment let a caller do something, as the log and events of Resource Manager record it. */
export interface Evidence {
  readonly role: string;
  readonly roleAssignmentScope: string;
  /** These three without dashes. */
  readonly roleAssignmentId: string;
  readonly roleDefinitionId: string;
  readonly principalId: string;
  readonly principalType: string;
}

/**
 * What `createAuthorization(foundation: Foundation)` of `authorization/index.ts` gives the simulator: the authorizer, its routes, and
 * what the control endpoint does, without rights and at once.
 */
export interface AuthorizationPart {
  readonly authorizer: Authorizer;
  readonly operations: readonly Operation[];
  /** The id of the assignment made. */
  grant(grant: Grant): string;
  /** The id of the role defined. */
  defineRole(role: RoleDefinitionSeed): string;
  /** The id of the deny assignment made. */
  deny(deny: {
    readonly principalId: string;
    readonly scope: string;
    readonly actions: readonly string[];
  }): string;
  /** Takes a deny assignment back, by its id; false when there is none. */
  undeny(id: string): boolean;
  /** All assignments there are now, lags aside. */
  held(): readonly HeldAssignment[];
  /** Called for each assignment that is made, changed or deleted, from now on; `body` is absent of one that is gone. */
  onAssignment(listener: (id: string, body: object | undefined) => void): void;
  /** By which of its assignments the principal may do that at the scope; undefined where none is. */
  evidence(principalId: string, action: string, scope: string): Evidence | undefined;
  /** Removes all assignments of the principal; how many there were. */
  dropRights(principalId: string): number;
  /** Ends all lags and windows now pending. */
  settle(): void;
}
