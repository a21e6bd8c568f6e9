import { permits } from '../authorization/permissions.ts';
import type { Frame } from '../frame.ts';
import { ArmError, type Caller, errorBody } from '../http/operation.ts';
import type { PolicyAssignments } from '../policies/assignments.ts';
import { disallowed } from '../policies/refusal.ts';
import { isType, type Planned } from './plan.ts';

/**
 * What Azure looks at before it makes anything: whether who deploys may write each resource. Conditions of grants are left to the
 * write itself, since what they ask about may not be known yet.
 */
export function assertMayWrite({ authorizer }: Frame, caller: Caller, plan: readonly Planned[]): void {
  const refused = plan.flatMap(({ id, name, type }) => {
    // Groups are of their subscription.
    const of = isType(type, 'Microsoft.Resources/resourceGroups')
      ? 'Microsoft.Resources/subscriptions/resourceGroups'
      : type;
    const action = `${of}/write`;
    if (authorizer.permissions(caller, id).some((set) => permits(set, action))) return [];
    return `Authorization failed for template resource '${name}' of type '${type}'. The client '${caller.appId}' with object id '${caller.objectId}' does not have permission to perform action '${action}' at scope '${id}'.`;
  });
  if (refused.length === 0) return;
  const start =
    refused.length === 1
      ? 'The template deployment failed with error'
      : 'Deployment failed with multiple errors';
  throw new ArmError(400, 'InvalidTemplateDeployment', `${start}: '${refused.join(':')}'.`);
}

/** And what policies say of each, as far as it is known what it will be: the write itself is looked at once more. */
export function assertPoliciesAllow(
  policies: Pick<PolicyAssignments, 'violations'>,
  resources: readonly { readonly planned: Planned; readonly body: Readonly<Record<string, unknown>> }[],
): void {
  const details = resources.flatMap(({ planned: { id, name, type }, body }) => {
    if (/"\[[^[]/.test(JSON.stringify(body))) return [];
    const { location, tags = {} } = body as { location?: string; tags?: Record<string, string> };
    const violations = policies.violations({ id, name, type, tags, body, ...(location && { location }) });
    return violations.length > 0 ? [errorBody(disallowed(name, violations))] : [];
  });
  if (details.length === 0) return;
  throw new ArmError(
    400,
    'InvalidTemplateDeployment',
    'The template deployment failed because of policy violation. Please see details for more information.',
    {},
    [],
    { details },
  );
}
