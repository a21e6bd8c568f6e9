import { permits } from '../authorization/permissions.ts';
import type { Frame } from '../frame.ts';
import { ArmError, type Caller, errorBody } from '../http/operation.ts';
import type { PolicyAssignments } from '../policies/assignments.ts';
import { disallowed } from '../policies/violations.ts';
import { failedValidation } from './expressions/scope.ts';
import { isType, type Planned } from './plan.ts';
import type { Template } from './template.ts';

/** Parameters that the template has not, all of them named; and of each given its type and limits. */
export function assertParameters(
  { parameters = {} }: Template,
  given: Readonly<Record<string, unknown>>,
): void {
  const declared = new Map(
    Object.entries(parameters).map(([name, each]) => [name.toLowerCase(), { name, each }]),
  );
  const unknown = Object.keys(given).filter((name) => !declared.has(name.toLowerCase()));
  if (unknown.length > 0)
    throw failedValidation(
      `The following parameters were supplied, but do not correspond to any parameters defined in the template: '${unknown.join(', ')}'. The parameters defined in the template are: '${Object.keys(parameters).join(', ')}'.`,
    );
  for (const [key, sent] of Object.entries(given)) {
    const known = declared.get(key.toLowerCase());
    const { value } = (sent ?? {}) as { value?: unknown };
    if (known && value !== undefined && value !== null) assertValue(known.name, known.each, value);
  }
}

/**
 * What Azure checks before it makes anything: whether the caller may write each resource. Conditions of grants are left to the
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

/** And whether policies allow each, as far as it is known what it will be: the write itself is evaluated once more. */
export function assertPoliciesAllow(
  policies: PolicyAssignments,
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

type Declared = NonNullable<Template['parameters']>[string];

/** What Azure takes for a type of a parameter, and how it names it. */
const TYPES: Readonly<
  Record<string, { readonly named: string; readonly fits: (value: unknown) => boolean }>
> = {
  string: { named: 'String, Uri', fits: (value) => typeof value === 'string' },
  securestring: { named: 'String, Uri', fits: (value) => typeof value === 'string' },
  int: { named: 'Integer', fits: (value) => Number.isInteger(value) },
  bool: { named: 'Boolean', fits: (value) => typeof value === 'boolean' },
  array: { named: 'Array', fits: Array.isArray },
  object: { named: 'Object', fits: isObject },
  secureobject: { named: 'Object', fits: isObject },
};

/** The texts are known from public reports. */
function assertValue(name: string, declared: Declared, value: unknown): void {
  const type = TYPES[String(declared.type ?? '').toLowerCase()];
  if (type && !type.fits(value))
    throw failedValidation(
      `Template parameter JToken type is not valid. Expected '${type.named}'. Actual '${actualOf(value)}'. Parameter '${name}'. Please see https://aka.ms/resource-manager-parameter-files for usage details.`,
    );
  const { allowedValues, minLength, maxLength, minValue, maxValue } = declared;
  // Of an array each of its elements.
  if (Array.isArray(allowedValues)) {
    const values = Array.isArray(value) && !allowedValues.some((each) => same(each, value)) ? value : [value];
    const other = values.find((each) => !allowedValues.some((one) => same(one, each)));
    if (other !== undefined)
      throw failedValidation(
        `The provided value for the template parameter '${name}' is not valid. The value '${textOf(other)}' is not part of the allowed value(s): '${allowedValues.map(textOf).join(',')}'.`,
      );
  }
  const length = typeof value === 'string' || Array.isArray(value) ? value.length : undefined;
  const checks = [
    ['Length of the value', 'greater', minLength, length !== undefined && length < Number(minLength)],
    ['Length of the value', 'less', maxLength, length !== undefined && length > Number(maxLength)],
    ['The value', 'greater', minValue, Number(value) < Number(minValue)],
    ['The value', 'less', maxValue, Number(value) > Number(maxValue)],
  ] as const;
  for (const [what, side, limit, broken] of checks)
    if (limit !== undefined && broken)
      throw failedValidation(
        `The provided value for the template parameter '${name}' is not valid. ${what} should be ${side} than or equal to '${String(limit)}'.`,
      );
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function actualOf(value: unknown): string {
  if (Array.isArray(value)) return 'Array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'Integer' : 'Float';
  const name = typeof value;
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}
