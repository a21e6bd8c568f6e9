import { z } from 'zod';
import { versionsOf } from '../catalog/versions.ts';
import type { Frame } from '../frame.ts';
import {
  ArmError,
  type ArmRequest,
  type ArmResponse,
  type Operation,
  type Params,
  page,
} from '../http/operation.ts';
import { draw } from '../random.ts';
import { isWithin, scopeKey } from '../world/scope.ts';
import { assertParameters, type PolicyDefinitions, SIMULATED } from './definitions.ts';
import { notSimulated, type PolicyResource } from './rule.ts';
import {
  disallowed,
  effectOf,
  type PolicyAssignment,
  resourceAfter,
  type Violation,
  violationOf,
} from './violations.ts';

const TYPE = 'Microsoft.Authorization/policyAssignments';
const LIST = `{+scope}/providers/${TYPE}`;

const bodySchema = z.object({
  identity: z
    .looseObject({
      type: z.literal('UserAssigned'),
      userAssignedIdentities: z.record(z.string(), z.unknown()),
    })
    .optional()
    .catch(undefined),
  properties: z.looseObject({
    policyDefinitionId: z.string(),
    displayName: z.string().nullish(),
    parameters: z.record(z.string(), z.looseObject({ value: z.unknown().optional() })).nullish(),
    notScopes: z.array(z.string()).nullish(),
    enforcementMode: z.string().nullish(),
  }),
});

/** Policy assignments over ARM (docs/azure-facts.md section 17), and the violations of a write. */
export class PolicyAssignments {
  readonly #byId = new Map<string, PolicyAssignment>();
  readonly #frame: Frame;
  readonly #definitions: PolicyDefinitions;
  readonly #listeners = new Set<(id: string, body: object | undefined) => void>();

  constructor(frame: Frame, definitions: PolicyDefinitions) {
    this.#frame = frame;
    this.#definitions = definitions;
    frame.world.onScopeRemoved((scope) => {
      for (const each of this.#byId.values()) if (isWithin(each.scope, scope)) this.#delete(each);
    });
  }

  /** Called for each one that is made, changed or deleted; `body` is absent of one that is gone. */
  onChanged(listener: (id: string, body: object | undefined) => void): void {
    this.#listeners.add(listener);
  }

  settle(): void {
    for (const [key, each] of this.#byId) this.#byId.set(key, { ...each, effectiveAt: 0 });
  }

  /** Throws `RequestDisallowedByPolicy` for a PUT or PATCH whose outcome a `deny` does not want. */
  assertAllowed(request: ArmRequest): void {
    if (this.#byId.size === 0) return;
    const resource = resourceAfter(this.#frame.world, request);
    if (!resource) return;
    const violations = this.violations(resource);
    if (violations.length > 0) throw disallowed(resource.name, violations);
  }

  violations(resource: PolicyResource): Violation[] {
    const now = this.#frame.clock.now();
    const lineage = new Set(this.#frame.world.lineage(resource.id));
    return [...this.#byId.values()]
      .filter(
        ({ scope, effectiveAt, enforced }) => enforced && effectiveAt <= now && lineage.has(scopeKey(scope)),
      )
      .filter(({ notScopes }) => !notScopes.some((scope) => isWithin(resource.id, scope)))
      .flatMap((assignment) => {
        const definition = this.#definitions.find(assignment.policyDefinitionId);
        return (definition && violationOf(definition, assignment, resource)) ?? [];
      });
  }

  get operations(): readonly Operation[] {
    const one = { resourceType: TYPE, apiVersions: versionsOf(TYPE), pattern: `${LIST}/{name}` };
    return [
      {
        ...one,
        id: 'policyAssignments.create',
        method: 'PUT',
        action: `${TYPE}/write`,
        handle: (request, params) => this.#put(request, params),
      },
      {
        ...one,
        id: 'policyAssignments.get',
        method: 'GET',
        action: `${TYPE}/read`,
        handle: ({ path }) => ({ status: 200, body: bodyOf(this.#found(path)) }),
      },
      {
        ...one,
        id: 'policyAssignments.delete',
        method: 'DELETE',
        action: `${TYPE}/delete`,
        handle: ({ path }) => {
          const held = this.#byId.get(scopeKey(path));
          if (!held) return { status: 204 };
          this.#delete(held);
          return { status: 200, body: bodyOf(held) };
        },
      },
      {
        ...one,
        id: 'policyAssignments.list',
        method: 'GET',
        pattern: LIST,
        action: `${TYPE}/read`,
        handle: (request, { scope = '' }) => this.#list(request, scope),
      },
    ];
  }

  #put({ path, body }: ArmRequest, { scope = '', name = '' }: Params): ArmResponse {
    const parsed = bodySchema.safeParse(body);
    if (!parsed.success)
      throw new ArmError(
        400,
        'InvalidRequestContent',
        `The request content was invalid and could not be deserialized: '${parsed.error.issues[0]?.path.join('.')}'.`,
      );
    const { policyDefinitionId, displayName, parameters, notScopes, enforcementMode } =
      parsed.data.properties;
    const definition = this.#definitions.find(policyDefinitionId);
    if (!definition) {
      if (/\/policySetDefinitions\//i.test(policyDefinitionId)) throw notSimulated('initiatives');
      // Azure has hundreds of built-in ones.
      if (/^\/providers\/Microsoft\.Authorization\//i.test(policyDefinitionId))
        throw notSimulated(`the built-in definition '${policyDefinitionId.split('/').at(-1)}'`);
      throw new ArmError(
        404,
        'PolicyDefinitionNotFound',
        `The policy definition '${policyDefinitionId.split('/').at(-1)}' could not be found.`,
      );
    }
    const given = parameters ?? {};
    assertParameters(name, definition, given);
    const effect = effectOf(definition, given);
    if (!SIMULATED.has(effect)) throw notSimulated(`the effect '${effect}'`);
    const { clock, knobs, random } = this.#frame;
    const assignment: PolicyAssignment = {
      id: path,
      name,
      scope: scope === '' ? '/' : scope,
      ...(displayName && { displayName }),
      policyDefinitionId: definition.id,
      parameters: given,
      notScopes: notScopes ?? [],
      enforced: enforcementMode?.toLowerCase() !== 'donotenforce',
      ...(parsed.data.identity && { identity: parsed.data.identity }),
      effectiveAt: clock.now() + draw(knobs.values.propagation.policyEffectMs, random),
    };
    this.#byId.set(scopeKey(path), assignment);
    for (const listener of this.#listeners) listener(assignment.id, bodyOf(assignment));
    // Also where it was there (as `az` and the specification have it).
    return { status: 201, body: bodyOf(assignment) };
  }

  #delete({ id }: PolicyAssignment): void {
    this.#byId.delete(scopeKey(id));
    for (const listener of this.#listeners) listener(id, undefined);
  }

  /** At the scope, above and beneath it; with `atScope()` not beneath it. */
  #list(request: ArmRequest, scope: string): ArmResponse {
    const { world, knobs } = this.#frame;
    const lineage = new Set(world.lineage(scope));
    const atScope = request.query.get('$filter')?.toLowerCase().includes('atscope()') === true;
    const shown = [...this.#byId.values()].filter(
      (each) => lineage.has(scopeKey(each.scope)) || (!atScope && isWithin(each.scope, scope)),
    );
    return { status: 200, body: page(request, shown, knobs.values.paging.pageSize, bodyOf) };
  }

  #found(id: string): PolicyAssignment {
    const found = this.#byId.get(scopeKey(id));
    if (found) return found;
    throw new ArmError(
      404,
      'PolicyAssignmentNotFound',
      `The policy assignment '${id.split('/').at(-1)}' is not found.`,
    );
  }
}

const bodyOf = (assignment: PolicyAssignment) => ({
  properties: {
    displayName: assignment.displayName ?? null,
    policyDefinitionId: assignment.policyDefinitionId,
    scope: assignment.scope,
    notScopes: assignment.notScopes,
    parameters: assignment.parameters,
    enforcementMode: assignment.enforced ? 'Default' : 'DoNotEnforce',
  },
  id: assignment.id,
  type: TYPE,
  name: assignment.name,
  ...(assignment.identity !== undefined && { identity: assignment.identity }),
});
