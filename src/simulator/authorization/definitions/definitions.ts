import type { PermissionSet, RoleDefinitionSeed } from '../../authorizer.ts';
import type { Clock } from '../../clock.ts';
import type { Random } from '../../random.ts';
import { isGuid, scopeKey, trailingGuid } from '../../world/scope.ts';
import { parseCondition } from '../conditions/condition-reader.ts';
import type { Condition } from '../conditions/conditions.ts';
import { COMPUTE_ROLES } from '../roles/compute.ts';
import { GENERAL_ROLES } from '../roles/general.ts';
import { OPERATIONS_ROLES } from '../roles/operations.ts';
import type { BuiltInRole } from '../roles/role.ts';
import { SECURITY_ROLES } from '../roles/security.ts';
import { SERVICE_ROLES } from '../roles/services.ts';
import { STORAGE_ROLES } from '../roles/storage.ts';

interface RolePermission extends PermissionSet {
  /** A condition the role itself carries, with its text. */
  readonly condition?: { readonly text: string; readonly parsed: Condition };
}

export interface RoleDefinition {
  /** Lower-case. */
  readonly guid: string;
  readonly roleName: string;
  readonly description: string | null;
  readonly roleType: 'BuiltInRole' | 'CustomRole';
  readonly permissions: readonly RolePermission[];
  readonly assignableScopes: readonly string[];
  /** Wall ms. */
  readonly createdOn: number;
  readonly updatedOn: number;
  readonly createdBy: string | null;
  readonly updatedBy: string | null;
}

/** When the built-in roles came to be: a fixed moment, so that two runs answer alike. */
const BUILT_IN_SINCE = Date.parse('2015-02-02T21:55:09Z');

/** The role definitions of the tenant: the built-in ones, and custom ones by GUID. */
export class RoleDefinitions {
  readonly #byGuid = new Map<string, RoleDefinition>();
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
    for (const { guid, roleName, description, condition, ...sets } of BUILT_IN_ROLES)
      this.put({
        guid,
        roleName,
        description,
        roleType: 'BuiltInRole',
        permissions: [
          {
            ...permissionSet(sets),
            ...(condition !== undefined && {
              condition: { text: condition, parsed: parseCondition(condition) },
            }),
          },
        ],
        assignableScopes: ['/'],
        createdOn: BUILT_IN_SINCE,
        updatedOn: BUILT_IN_SINCE,
        createdBy: null,
        updatedBy: null,
      });
  }

  get(guid: string): RoleDefinition | undefined {
    return this.#byGuid.get(guid.toLowerCase());
  }

  /** By name, without case (docs/azure-facts.md section 5). */
  byName(roleName: string): RoleDefinition | undefined {
    const wanted = roleName.toLowerCase();
    return this.all().find((definition) => definition.roleName.toLowerCase() === wanted);
  }

  /** By full id, GUID or name; throws for an unknown role, which is a mistake in the seeds of the simulator. */
  require(reference: string): RoleDefinition {
    const found = this.get(trailingGuid(reference)) ?? this.byName(reference);
    if (!found)
      throw new Error(`Expected role to be the name, GUID or id of a role definition, got "${reference}"`);
    return found;
  }

  all(): RoleDefinition[] {
    return [...this.#byGuid.values()];
  }

  put(definition: RoleDefinition): void {
    this.#byGuid.set(definition.guid, definition);
  }

  delete(guid: string): boolean {
    return this.#byGuid.delete(guid.toLowerCase());
  }

  /** Defines a custom role for the control endpoint, without rights; a custom role of the same name is replaced. */
  define(seed: RoleDefinitionSeed): RoleDefinition {
    const given = seed.id === undefined ? undefined : trailingGuid(seed.id);
    if (given !== undefined && !isGuid(given))
      throw new Error(`Expected id of role "${seed.roleName}" to end in a GUID, got "${seed.id}"`);
    const existing = given === undefined ? this.byName(seed.roleName) : this.get(given);
    if (existing?.roleType === 'BuiltInRole')
      throw new Error(`Expected roleName to be that of a custom role, got the built-in "${seed.roleName}"`);
    const now = this.#clock.now();
    const definition: RoleDefinition = {
      guid: given ?? existing?.guid ?? this.#random.uuid(),
      roleName: seed.roleName,
      description: existing?.description ?? null,
      roleType: 'CustomRole',
      permissions: [permissionSet(seed)],
      assignableScopes: seed.assignableScopes ?? ['/'],
      createdOn: existing?.createdOn ?? now,
      updatedOn: now,
      createdBy: existing?.createdBy ?? null,
      updatedBy: null,
    };
    this.put(definition);
    return definition;
  }
}

/** A role may be assigned at and beneath its assignable scopes. `lineage` as of `World.lineage`. */
export function assignableAt(definition: RoleDefinition, lineage: readonly string[]): boolean {
  return definition.assignableScopes.some((scope) => lineage.includes(scopeKey(scope)));
}

/** `/subscriptions/{s}/providers/Microsoft.Authorization/roleDefinitions/{guid}`, or without the prefix. */
export function definitionId(guid: string, subscriptionId: string | undefined): string {
  const prefix = subscriptionId === undefined ? '' : `/subscriptions/${subscriptionId}`;
  return `${prefix}/providers/Microsoft.Authorization/roleDefinitions/${guid}`;
}

export function permissionSet(given: Partial<PermissionSet>): PermissionSet {
  const { actions = [], notActions = [], dataActions = [], notDataActions = [] } = given;
  return { actions, notActions, dataActions, notDataActions };
}

/**
 * The built-in roles of the simulated Azure: a good hundred of the 900 there are, those people grant.
 * What could not be checked against Microsoft's reference is left out rather than guessed.
 */
export const BUILT_IN_ROLES: readonly BuiltInRole[] = [
  ...GENERAL_ROLES,
  ...STORAGE_ROLES,
  ...SECURITY_ROLES,
  ...COMPUTE_ROLES,
  ...SERVICE_ROLES,
  ...OPERATIONS_ROLES,
];

const byName = new Map(BUILT_IN_ROLES.map((each) => [each.roleName.toLowerCase(), each]));

/** GUID of a built-in role by its exact name, any case; throws for a name that is not in the table. */
export function builtInRoleId(roleName: string): string {
  const found = byName.get(roleName.toLowerCase());
  if (!found) throw new Error(`Expected the name of a built-in role of the simulator, got "${roleName}"`);
  return found.guid;
}
