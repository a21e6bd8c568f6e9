import { ArmError } from '../http/operation.ts';
import { scopeKey } from '../world/scope.ts';
import { countOf, evaluate, inLoop } from './expressions/evaluate.ts';
import { baseOf, type ExpressionScope } from './expressions/scope.ts';
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
  /** The scope of its expressions: in a loop each has its own. */
  readonly scope: ExpressionScope;
}

const NESTED = 'Microsoft.Resources/deployments';
const GROUPS = 'Microsoft.Resources/resourceGroups';

/** A resource as often as its `copy` says. */
interface Single {
  readonly resource: TemplateResource;
  readonly scope: ExpressionScope;
}

/** Ids of all that a template names, what is only referred to included: what a `Complete` deployment leaves there. */
export const namedIds = (template: Template, scope: ExpressionScope): string[] =>
  wantedOf(template, scope).map(idOf);

/** What is written, each after what it depends on by id, name, symbol or loop, else in the template's order. */
export function planOf(template: Template, scope: ExpressionScope): Planned[] {
  const written = wantedOf(template, scope).filter(({ resource }) => !resource.existing);
  const left = written.map((single) => ({ single, names: namesOf(single) }));
  const ordered: Planned[] = [];
  while (left.length > 0) {
    const ready = left.findIndex(({ single: { resource, scope: own } }) =>
      (resource.dependsOn ?? []).every(
        (each) => !left.some(({ names }) => names.has(scopeKey(String(evaluate(each, own))))),
      ),
    );
    if (ready < 0)
      throw new ArmError(
        400,
        'InvalidTemplate',
        'Deployment template validation failed: circular dependency detected.',
      );
    ordered.push(...left.splice(ready, 1).map(({ single }) => planned(single)));
  }
  return ordered;
}

/** The body of a resource to send. A nested deployment's own template is for its own scope. */
export function bodyAs(
  { type, body, scope }: Planned,
  work: (value: unknown, scope: ExpressionScope) => unknown,
): Readonly<Record<string, unknown>> {
  if (!isType(type, NESTED)) return work(body, scope) as Record<string, unknown>;
  const { properties: given, ...rest } = body;
  const { template, expressionEvaluationOptions, ...properties } = given as Record<string, unknown>;
  const { scope: where = 'outer' } = (expressionEvaluationOptions ?? {}) as { scope?: string };
  if (where.toLowerCase() !== 'inner') throw notSimulated('a nested deployment of the outer scope');
  return {
    ...(work(rest, scope) as object),
    properties: { ...(work(properties, scope) as object), template },
  };
}

/** A loop encloses its condition, as in Azure. */
function wantedOf(template: Template, scope: ExpressionScope): readonly Single[] {
  return resourcesOf(template)
    .flatMap((resource): Single[] => {
      const { copy } = resource;
      if (!copy) return [{ resource, scope }];
      const { name, count } = copy;
      return Array.from({ length: countOf(count, name, scope) }, (_, index) => {
        return { resource, scope: inLoop(scope, name, index) };
      });
    })
    .filter(
      ({ resource: { condition }, scope: own }) =>
        condition === undefined || evaluate(condition, own) === true,
    );
}

function planned(single: Single): Planned {
  const { resource, scope } = single;
  const { type, name, apiVersion, symbol, ...rest } = resource;
  const {
    dependsOn: _d,
    scope: _s,
    condition: _c,
    existing: _e,
    copy: _o,
    comments: _t,
    metadata: _m,
    ...more
  } = rest;
  const { resourceGroup: _g, subscriptionId: _i, ...elsewhere } = more;
  return {
    id: idOf(single),
    name: String(evaluate(name, scope)),
    type,
    apiVersion,
    ...(symbol !== undefined && { symbol }),
    body: isType(type, NESTED) ? elsewhere : more,
    scope,
  };
}

/** Where the deployment is, at the resource that `scope` names (role assignments), or where a nested deployment goes. */
function idOf({ resource, scope }: Single): string {
  const { type, name } = resource;
  const names = String(evaluate(name, scope)).split('/');
  if (isType(type, GROUPS)) return `/subscriptions/${scope.subscriptionId}/resourceGroups/${names[0] ?? ''}`;
  const [namespace = '', ...types] = type.split('/');
  const under = isType(type, NESTED) ? nestedAt(resource, scope) : extendedBy(resource, scope);
  return `${under}/providers/${namespace}/${types.map((each, i) => `${each}/${names[i] ?? ''}`).join('/')}`;
}

function extendedBy({ scope: at }: TemplateResource, scope: ExpressionScope): string {
  const base = at === undefined ? baseOf(scope) : String(evaluate(at, scope));
  return base.startsWith('/') ? base : `${baseOf(scope)}/providers/${base}`;
}

function nestedAt(resource: TemplateResource, scope: ExpressionScope): string {
  if (resource.scope !== undefined) throw notSimulated('`scope` of a nested deployment');
  const { resourceGroup, subscriptionId } = resource;
  const subscription =
    subscriptionId === undefined ? scope.subscriptionId : String(evaluate(subscriptionId, scope));
  if (resourceGroup !== undefined)
    return `/subscriptions/${subscription}/resourceGroups/${String(evaluate(resourceGroup, scope))}`;
  return subscriptionId === undefined ? baseOf(scope) : `/subscriptions/${subscription}`;
}

function namesOf(single: Single): Set<string> {
  const { resource, scope } = single;
  const id = idOf(single);
  const names = [
    id,
    String(evaluate(resource.name, scope)),
    resource.symbol ?? '',
    resource.copy?.name ?? '',
  ];
  return new Set([...names, ...aliasesOf(resource.type, id)].filter((name) => name !== '').map(scopeKey));
}

/** `subscriptionResourceId` gives groups an id of another form than their own. */
export function aliasesOf(type: string, id: string): readonly string[] {
  return isType(type, GROUPS) ? [id.replace(/\/resourceGroups\//i, `/providers/${GROUPS}/`)] : [];
}

export const isType = (type: string, wanted: string) => type.toLowerCase() === wanted.toLowerCase();

const notSimulated = (what: string) =>
  new ArmError(
    501,
    'NotSimulated',
    `The simulated Azure of azid does not know ${what} of templates; docs/reference/simulator.md lists what it does.`,
  );
