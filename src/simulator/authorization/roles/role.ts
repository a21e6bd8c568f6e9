/**
 * The form built-in roles are written down in. Names, GUIDs and actions are facts from Microsoft's generated reference
 * (MicrosoftDocs/azure-docs `articles/role-based-access-control/built-in-roles/`, state of July and August 2026);
 * the descriptions are ours, since nothing reads them.
 */
interface RolePermissions {
  readonly actions?: readonly string[];
  readonly notActions?: readonly string[];
  readonly dataActions?: readonly string[];
  readonly notDataActions?: readonly string[];
  /** ABAC condition the role itself carries, version 2.0. */
  readonly condition?: string;
}

export interface BuiltInRole extends RolePermissions {
  /** Lower-case GUID, the same in every cloud. */
  readonly guid: string;
  readonly roleName: string;
  readonly description: string;
}

export function role(
  guid: string,
  roleName: string,
  description: string,
  permissions: RolePermissions,
): BuiltInRole {
  return { guid, roleName, description, ...permissions };
}

/** `under('Microsoft.X/y', 'read', 'z/*')` = `Microsoft.X/y/read`, `Microsoft.X/y/z/*`. */
export function under(prefix: string, ...suffixes: readonly string[]): string[] {
  return suffixes.map((suffix) => `${prefix}/${suffix}`);
}

export const READ_AUTHORIZATION = 'Microsoft.Authorization/*/read';
export const ALERT_RULES = 'Microsoft.Insights/alertRules/*';
export const DEPLOYMENTS = 'Microsoft.Resources/deployments/*';
export const READ_GROUPS = 'Microsoft.Resources/subscriptions/resourceGroups/read';
export const SUPPORT = 'Microsoft.Support/*';
export const HEALTH = 'Microsoft.ResourceHealth/availabilityStatuses/read';

/** The five actions most `... Contributor` roles end with. */
export const USUAL = [READ_AUTHORIZATION, ALERT_RULES, DEPLOYMENTS, READ_GROUPS, SUPPORT] as const;
