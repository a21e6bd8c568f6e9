import { jsonOf, textOf } from './expressions.ts';
import { groupOf, idOf, localsOf, nameOf, propertyOf, type Reference, referenceOf } from './references.ts';
import { type Module, type Scope, within } from './scope.ts';
import { BicepError, type Declared, type Expression, type ResourceDeclaration } from './syntax.ts';
import { bare, DEPLOYMENTS, DEPLOYMENTS_VERSION, quoted } from './template.ts';

/** What of a resource's body is not sent to its provider. */
const OF_BICEP = new Set(['name', 'parent', 'scope', 'dependsOn']);

/** A resource as a template has it. */
export function resourceOf(resource: ResourceDeclaration, scope: Scope): object {
  const { type, apiVersion, body } = resource;
  return framed(resource, scope, (inside) => {
    const reference = referenceWithin(resource, { resource });
    const at = propertyOf(resource, 'scope');
    const extended = at && referenceOf(at, inside);
    if (at && !extended?.resource)
      throw new BicepError(at.line, 'scope: expected a resource of this file; elsewhere a module writes');
    if (extended && !extended.resource?.existing)
      inside.onReference(extended.declared.name, idOf(extended, inside));
    followParent(resource, inside);
    const sent = body.filter(({ key }) => !OF_BICEP.has(key));
    return {
      type,
      apiVersion,
      ...(extended && { scope: `[${idOf(extended, inside)}]` }),
      name: joined(resource, nameOf(reference, inside), inside),
      ...Object.fromEntries(sent.map(({ key, value }) => [key, jsonOf(value, inside)])),
    };
  });
}

/** A module: a deployment of its own, whose expressions are worked out inside. */
export function moduleOf(module: Module, scope: Scope): object {
  const { declaration, file, template } = module;
  return framed(declaration, scope, (inside) => {
    const reference = referenceWithin(declaration, { module });
    const group = groupOf(reference, inside);
    if (file.targetScope === 'resourceGroup' && group === undefined && scope.targetScope !== 'resourceGroup')
      throw new BicepError(
        declaration.line,
        `${declaration.name}: expected a scope, since the module is for a group`,
      );
    const parameters = paramsOf(module, inside);
    return {
      type: DEPLOYMENTS,
      apiVersion: DEPLOYMENTS_VERSION,
      name: joined(declaration, nameOf(reference, inside), inside),
      ...(group?.subscription !== undefined && { subscriptionId: bare(group.subscription) }),
      ...(group && { resourceGroup: bare(group.name) }),
      ...(file.targetScope === 'subscription' && { location: '[deployment().location]' }),
      properties: {
        expressionEvaluationOptions: { scope: 'inner' },
        mode: 'Incremental',
        ...(Object.keys(parameters).length > 0 && { parameters }),
        template,
      },
    };
  });
}

/** Condition and loop before what `write` gives, and after it what it depends on. */
function framed(declared: Declared, scope: Scope, write: (inside: Scope) => object): object {
  const { loop, condition, name } = declared;
  const needed = new Map<string, readonly [of: string, id: string]>();
  const locals = loop ? localsOf(loop, 'copyIndex()', scope) : [];
  const inside = {
    ...within(scope, locals),
    onReference: (of: string, id: string) => void needed.set(`${of} ${id}`, [of, id]),
  };
  const count = loop && `[length(${textOf(loop.list, inside)})]`;
  const given = condition && jsonOf(condition, inside);
  const written = write(inside);
  for (const each of explicit(declared)) {
    const [of, id] = dependencyOf(each, inside);
    needed.set(`${of} ${id}`, [of, id]);
  }
  // Whoever waits for all of a loop need not wait for one of it.
  const whole = new Set([...needed.values()].filter(([of, id]) => id === quoted(of)).map(([of]) => of));
  const dependsOn = [...needed]
    .filter(([, [of, id]]) => !whole.has(of) || id === quoted(of))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, [, id]]) => bare(id));
  return {
    ...(condition && { condition: given }),
    ...(loop && { copy: { name, count } }),
    ...written,
    ...(dependsOn.length > 0 && { dependsOn: [...new Set(dependsOn)] }),
  };
}

function paramsOf({ declaration, file }: Module, scope: Scope): Record<string, { readonly value: unknown }> {
  const params = propertyOf(declaration, 'params');
  const given = params?.kind === 'object' ? params.properties : [];
  const declared = file.statements.filter((each) => each.kind === 'param');
  const unknown = given.find(({ key }) => !declared.some(({ name }) => name === key));
  if (unknown)
    throw new BicepError(unknown.line, `expected a parameter of ${declaration.path}, got '${unknown.key}'`);
  const missing = declared.find(({ name, fallback }) => !fallback && !given.some(({ key }) => key === name));
  if (missing)
    throw new BicepError(declaration.line, `${declaration.name}: expected the parameter '${missing.name}'`);
  return Object.fromEntries(given.map(({ key, value }) => [key, { value: jsonOf(value, scope) }]));
}

function explicit(declared: Declared): readonly Expression[] {
  const given = propertyOf(declared, 'dependsOn');
  if (!given) return [];
  if (given.kind === 'array') return given.items;
  throw new BicepError(given.line, 'dependsOn: expected a list of resources and modules');
}

function dependencyOf(expression: Expression, scope: Scope): readonly [name: string, id: string] {
  const reference = referenceOf(expression, scope);
  if (reference) return [reference.declared.name, idOf(reference, scope)];
  throw new BicepError(expression.line, 'dependsOn: expected a resource or module of this file');
}

/** A parent that is made here comes first, as does the one above a parent that is there already. */
function followParent(resource: Declared, scope: Scope): void {
  const above = propertyOf(resource, 'parent');
  const parent = above && referenceOf(above, scope);
  if (!parent) return;
  if (parent.resource?.existing) followParent(parent.declared, scope);
  else scope.onReference(parent.declared.name, idOf(parent, scope));
}

/** By the index of its own loop. */
const referenceWithin = (declared: Declared, of: Pick<Reference, 'resource' | 'module'>): Reference => ({
  ...of,
  declared,
  ...(declared.loop && { index: 'copyIndex()' }),
});

/** The name as it stands where it is plain; those of parents before it. */
function joined(declared: Declared, names: readonly string[], scope: Scope): unknown {
  const name = propertyOf(declared, 'name');
  if (names.length === 1 && name) return jsonOf(name, scope);
  return `[format('${names.map((_, i) => `{${i}}`).join('/')}', ${names.join(', ')})]`;
}
