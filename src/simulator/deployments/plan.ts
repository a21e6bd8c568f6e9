import { ArmError } from '../http/operation.ts';
import { scopeKey } from '../scope.ts';
import { type ExpressionScope, evaluate } from './expression.ts';
import { resourcesOf, type Template, type TemplateResource } from './template.ts';

/** A resource of a template, with where it is going to be. */
export interface Planned {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly apiVersion: string;
  readonly symbol?: string;
  /** What is sent, its expressions not worked out yet. */
  readonly body: Readonly<Record<string, unknown>>;
}

export const NESTED = 'Microsoft.Resources/deployments';

/** Ids of all that a template names, what is only referred to included: what a `Complete` deployment leaves there. */
export const namedIds = (template: Template, scope: ExpressionScope): string[] =>
  resourcesOf(template)
    .filter(({ condition }) => condition === undefined || evaluate(condition, scope) === true)
    .map((resource) => idOf(resource, scope));

/** What is written, each after what it depends on by id, name or symbol, else as it stands in the template. */
export function planOf(template: Template, scope: ExpressionScope): Planned[] {
  const written = resourcesOf(template).filter(
    ({ existing, condition }) =>
      !existing && (condition === undefined || evaluate(condition, scope) === true),
  );
  const left = written.map((resource) => ({ resource, names: namesOf(resource, scope) }));
  const ordered: Planned[] = [];
  while (left.length > 0) {
    const ready = left.findIndex(({ resource }) =>
      (resource.dependsOn ?? []).every(
        (each) => !left.some(({ names }) => names.has(scopeKey(String(evaluate(each, scope))))),
      ),
    );
    if (ready < 0)
      throw new ArmError(
        400,
        'InvalidTemplate',
        'Deployment template validation failed: circular dependency detected.',
      );
    ordered.push(...left.splice(ready, 1).map(({ resource }) => planned(resource, scope)));
  }
  return ordered;
}

/** The body of a resource to send. What a nested deployment's own template says is for its own scope. */
export function bodyAs(
  { type, body }: Planned,
  work: (value: unknown) => unknown,
): Readonly<Record<string, unknown>> {
  if (type.toLowerCase() !== NESTED.toLowerCase()) return work(body) as Record<string, unknown>;
  const { template, expressionEvaluationOptions, ...properties } = body.properties as Record<string, unknown>;
  const { scope = 'outer' } = (expressionEvaluationOptions ?? {}) as { scope?: string };
  if (scope.toLowerCase() !== 'inner') throw notSimulated('a nested deployment of the outer scope');
  return { properties: { ...(work(properties) as object), template } };
}

function planned(resource: TemplateResource, scope: ExpressionScope): Planned {
  const { type, name, apiVersion, symbol, copy, ...rest } = resource;
  if (copy !== undefined) throw notSimulated('`copy`');
  const { dependsOn: _d, scope: _s, condition: _c, existing: _e, comments: _t, metadata: _m, ...body } = rest;
  return {
    id: idOf(resource, scope),
    name: String(evaluate(name, scope)),
    type,
    apiVersion,
    ...(symbol !== undefined && { symbol }),
    body,
  };
}

/** Beneath the group, or at the resource that `scope` names: role assignments. */
function idOf({ type, name, scope: at }: TemplateResource, scope: ExpressionScope): string {
  const names = String(evaluate(name, scope)).split('/');
  const [namespace = '', ...types] = type.split('/');
  const base = at === undefined ? scope.group.id : String(evaluate(at, scope));
  const under = base.startsWith('/') ? base : `${scope.group.id}/providers/${base}`;
  return `${under}/providers/${namespace}/${types.map((each, i) => `${each}/${names[i] ?? ''}`).join('/')}`;
}

function namesOf(resource: TemplateResource, scope: ExpressionScope): Set<string> {
  const names = [idOf(resource, scope), String(evaluate(resource.name, scope)), resource.symbol ?? ''];
  return new Set(names.filter((name) => name !== '').map(scopeKey));
}

export const notSimulated = (what: string) =>
  new ArmError(
    501,
    'NotSimulated',
    `The simulated Azure of azid does not know ${what} of templates; docs/reference/simulator.md lists what it does.`,
  );
