import { z } from 'zod';
import { versionsOf } from '../catalog/versions.ts';
import type { Frame } from '../frame.ts';
import { ArmError, type ArmRequest, type ArmResponse, type Operation, page } from '../http/operation.ts';
import { scopeKey } from '../world/scope.ts';
import { BUILT_IN_POLICIES } from './built-in.ts';
import { fits, notSimulated, type PolicyDefinition } from './rule.ts';

const TYPE = 'Microsoft.Authorization/policyDefinitions';
const BUILT_IN = `/providers/${TYPE}`;
const CUSTOM = `/subscriptions/{subscriptionId}/providers/${TYPE}`;

const bodySchema = z.object({
  properties: z.looseObject({
    displayName: z.string().nullish(),
    mode: z.string().default('Indexed'),
    parameters: z.record(z.string(), z.looseObject({ defaultValue: z.unknown().optional() })).nullish(),
    policyRule: z.object({
      if: z.record(z.string(), z.unknown()),
      // biome-ignore lint/suspicious/noThenProperty: Azure's word.
      then: z.looseObject({ effect: z.string() }),
    }),
  }),
});

/** The definitions of policies: the built-in ones that are simulated, and those of subscriptions. */
export class PolicyDefinitions {
  readonly #byId = new Map(BUILT_IN_POLICIES.map((each) => [scopeKey(each.id), each] as const));
  readonly #frame: Frame;

  constructor(frame: Frame) {
    this.#frame = frame;
  }

  /** By id, any case. */
  find(id: string): PolicyDefinition | undefined {
    return this.#byId.get(scopeKey(id));
  }

  get operations(): readonly Operation[] {
    const common = { resourceType: TYPE, apiVersions: versionsOf(TYPE) };
    const read = { ...common, method: 'GET', action: `${TYPE}/read` } as const;
    // Every caller may read the built-in ones.
    const open = { ...read, checksRights: true };
    return [
      {
        ...common,
        id: 'policyDefinitions.createOrUpdate',
        method: 'PUT',
        pattern: `${CUSTOM}/{name}`,
        action: `${TYPE}/write`,
        handle: (request) => this.#put(request),
      },
      {
        ...read,
        id: 'policyDefinitions.get',
        pattern: `${CUSTOM}/{name}`,
        handle: ({ path }) => this.#get(path),
      },
      {
        ...common,
        id: 'policyDefinitions.delete',
        method: 'DELETE',
        pattern: `${CUSTOM}/{name}`,
        action: `${TYPE}/delete`,
        handle: ({ path }) => ({ status: this.#byId.delete(scopeKey(path)) ? 200 : 204 }),
      },
      {
        ...open,
        id: 'policyDefinitions.getBuiltIn',
        pattern: `${BUILT_IN}/{name}`,
        handle: ({ path }) => this.#get(path),
      },
      {
        ...open,
        id: 'policyDefinitions.listBuiltIn',
        pattern: BUILT_IN,
        handle: (request) => this.#list(request),
      },
      { ...read, id: 'policyDefinitions.list', pattern: CUSTOM, handle: (request) => this.#list(request) },
    ];
  }

  #put({ path, body }: ArmRequest): ArmResponse {
    const parsed = bodySchema.safeParse(body);
    if (!parsed.success)
      throw new ArmError(
        400,
        'InvalidPolicyRule',
        `The policy definition is not valid: '${parsed.error.issues[0]?.path.join('.')}'.`,
      );
    const { displayName, mode, parameters, policyRule } = parsed.data.properties;
    const name = path.split('/').at(-1) ?? '';
    const definition: PolicyDefinition = {
      id: path,
      name,
      displayName: displayName ?? name,
      policyType: 'Custom',
      mode,
      parameters: parameters ?? {},
      policyRule,
    };
    assertSimulated(definition);
    this.#byId.set(scopeKey(path), definition);
    return { status: 201, body: bodyOf(definition) };
  }

  #get(path: string): ArmResponse {
    const found = this.find(path);
    if (found) return { status: 200, body: bodyOf(found) };
    throw new ArmError(
      404,
      'PolicyDefinitionNotFound',
      `The policy definition '${path.split('/').at(-1)}' could not be found.`,
    );
  }

  #list(request: ArmRequest): ArmResponse {
    const own = `${scopeKey(request.path)}/`;
    const shown = [...this.#byId].filter(
      ([key, { policyType }]) => policyType === 'BuiltIn' || key.startsWith(own),
    );
    const size = this.#frame.knobs.values.paging.pageSize;
    return { status: 200, body: page(request, shown, size, ([, definition]) => bodyOf(definition)) };
  }
}

/** The value a parameter has in an assignment, else its default. */
export const parameterOf =
  ({ parameters }: PolicyDefinition, given: Readonly<Record<string, { readonly value?: unknown }>>) =>
  (name: string): unknown => {
    const named = (all: Readonly<Record<string, unknown>>) =>
      Object.entries(all).find(([own]) => own.toLowerCase() === name.toLowerCase())?.[1];
    const sent = (named(given) as { value?: unknown } | undefined)?.value;
    return sent ?? (named(parameters) as { defaultValue?: unknown } | undefined)?.defaultValue;
  };

/** A rule that cannot be evaluated would let everything through: it is tried before it is kept. */
function assertSimulated(definition: PolicyDefinition): void {
  const nothing = { id: '', name: '', type: '', tags: {}, body: {} };
  const each = (rule: unknown): void => {
    const { allOf, anyOf, not } = rule as { allOf?: unknown[]; anyOf?: unknown[]; not?: unknown };
    const parts = allOf ?? anyOf ?? (not === undefined ? undefined : [not]);
    if (parts) for (const part of parts) each(part);
    else fits(rule, nothing, parameterOf(definition, {}));
  };
  each(definition.policyRule.if);
  const { effect } = definition.policyRule.then;
  if (!effect.startsWith('[') && !SIMULATED.has(effect.toLowerCase()))
    throw notSimulated(`the effect '${effect}'`);
}

/** Those that let a write through as it is, or not at all. */
export const SIMULATED: ReadonlySet<string> = new Set(['deny', 'audit', 'disabled']);

const bodyOf = ({ id, name, displayName, policyType, mode, parameters, policyRule }: PolicyDefinition) => ({
  properties: { displayName, policyType, mode, parameters, policyRule },
  id,
  type: TYPE,
  name,
});

/** Refuses an assignment that leaves out a parameter without default, or gives one that the definition has not. */
export function assertParameters(
  name: string,
  definition: PolicyDefinition,
  given: Parameters<typeof parameterOf>[1],
): void {
  const value = parameterOf(definition, given);
  const missing = Object.keys(definition.parameters).filter((each) => value(each) === undefined);
  if (missing.length > 0)
    throw new ArmError(
      400,
      'MissingPolicyParameter',
      `The policy assignment '${name}' is missing the parameter(s) '${missing.join(',')}' as defined in the policy definition '${definition.name}'.`,
    );
  const known = new Set(Object.keys(definition.parameters).map((each) => each.toLowerCase()));
  const unknown = Object.keys(given).filter((each) => !known.has(each.toLowerCase()));
  if (unknown.length > 0)
    throw new ArmError(
      400,
      'UndefinedPolicyParameter',
      `The policy assignment '${name}' has defined parameters '${unknown.join(',')}' which are not defined in the policy definition '${definition.name}'.`,
    );
}
