import { type Module, type Scope, within } from './scope.ts';
import { BicepError, type Declared, type Expression, type ResourceDeclaration } from './syntax.ts';
import { DEPLOYMENTS, DEPLOYMENTS_VERSION, quoted } from './template.ts';

/** A resource or module that an expression names, and which of a loop. */
export interface Reference {
  readonly resource?: ResourceDeclaration;
  readonly module?: Module;
  readonly declared: Declared;
  /** As text; absent of what is no loop, or of all of a loop. */
  readonly index?: string;
}

export function referenceOf(expression: Expression, scope: Scope): Reference | undefined {
  if (expression.kind === 'index') {
    const whole = referenceOf(expression.of, scope);
    return whole?.declared.loop && { ...whole, index: scope.textOf(expression.index, scope) };
  }
  if (expression.kind !== 'name' || scope.locals.has(expression.name)) return undefined;
  const resource = scope.resources.get(expression.name);
  if (resource) return { resource, declared: resource };
  const module = scope.modules.get(expression.name);
  return module && { module, declared: module.declaration };
}

/** `resource.id`, `resource.properties.x`, `module.outputs.x`; undefined of what is a member of anything else. */
export function memberOf(
  expression: Extract<Expression, { kind: 'member' }>,
  scope: Scope,
): string | undefined {
  const { of, name, line } = expression;
  const output = of.kind === 'member' && of.name === 'outputs' ? referenceOf(of.of, scope) : undefined;
  if (output?.module) {
    const known = output.module.file.statements.some((each) => each.kind === 'output' && each.name === name);
    if (!known)
      throw new BicepError(line, `expected an output of ${output.module.declaration.path}, got '${name}'`);
    return `reference(${referredTo(output, scope)}, '${DEPLOYMENTS_VERSION}').outputs.${name}.value`;
  }
  const reference = referenceOf(of, scope);
  if (!reference) return undefined;
  const { resource } = reference;
  if (!resource) throw new BicepError(line, `expected .outputs of a module, got .${name}`);
  const id = referredTo(reference, scope);
  switch (name) {
    case 'id':
      return id;
    case 'name':
      return nameOf(reference, scope).at(-1) ?? '';
    case 'type':
      return quoted(resource.type);
    case 'apiVersion':
      return quoted(resource.apiVersion);
    case 'properties':
      return `reference(${id}, '${resource.apiVersion}')`;
    default:
      return `reference(${id}, '${resource.apiVersion}', 'full').${name}`;
  }
}

/** The id of what is referred to, which whoever refers to it depends on. */
function referredTo(reference: Reference, scope: Scope): string {
  const id = idOf(reference, scope);
  if (!reference.resource?.existing) scope.onReference(reference.declared.name, id);
  return id;
}

/** As an expression; of a whole loop its name, which is what `dependsOn` wants. */
export function idOf(reference: Reference, scope: Scope): string {
  const { resource, declared, index } = reference;
  if (declared.loop && index === undefined) return quoted(declared.name);
  const type = resource?.type ?? DEPLOYMENTS;
  const args = [quoted(type), ...nameOf(reference, scope)].join(', ');
  const inside = scopeIn(reference, scope);
  const at = propertyOf(declared, 'scope');
  const extended = at && referenceOf(at, inside);
  if (extended?.resource && !isGroup(extended.resource))
    return `extensionResourceId(${idOf(extended, inside)}, ${args})`;
  const group = groupOf(reference, scope);
  if (group !== undefined)
    return `extensionResourceId(format('/subscriptions/{0}/resourceGroups/{1}', ${group.subscription ?? 'subscription().subscriptionId'}, ${group.name}), ${args})`;
  return `${scope.targetScope === 'subscription' ? 'subscriptionResourceId' : 'resourceId'}(${args})`;
}

/** As expressions. */
export interface Group {
  readonly name: string;
  /** Absent of one in the subscription of the deployment. */
  readonly subscription?: string;
}

/** The group that `scope` names, where it names one. */
export function groupOf(reference: Reference, scope: Scope): Group | undefined {
  const at = propertyOf(reference.declared, 'scope');
  const inside = scopeIn(reference, scope);
  if (!at) return undefined;
  if (at.kind === 'call' && at.name === 'resourceGroup') {
    const [first, second] = at.args.map((arg) => scope.textOf(arg, inside));
    if (first !== undefined)
      return second === undefined ? { name: first } : { subscription: first, name: second };
  }
  const named = referenceOf(at, inside);
  if (!named?.resource)
    throw new BicepError(at.line, 'scope: expected a resource of this file, or resourceGroup() with a name');
  if (!isGroup(named.resource)) return undefined;
  if (!named.resource.existing) scope.onReference(named.declared.name, idOf(named, inside));
  return { name: nameOf(named, inside)[0] ?? '' };
}

/** Its name after those of its parents, each as an expression. */
export function nameOf(reference: Reference, scope: Scope): readonly string[] {
  const { declared } = reference;
  const inside = scopeIn(reference, scope);
  const name = propertyOf(declared, 'name');
  if (!name) throw new BicepError(declared.line, `${declared.name}: expected a name`);
  const above = propertyOf(declared, 'parent');
  const parent = above && referenceOf(above, inside);
  if (above && !parent?.resource)
    throw new BicepError(above.line, 'parent: expected a resource of this file');
  return [...(parent ? nameOf(parent, inside) : []), scope.textOf(name, inside)];
}

/** Where the body of what is referred to stands: its item is that of the index. */
function scopeIn({ declared: { loop }, index }: Reference, scope: Scope): Scope {
  if (!loop || index === undefined) return scope;
  return within(scope, localsOf(loop, index, scope));
}

export function localsOf(
  { item, index: name, list }: NonNullable<Declared['loop']>,
  index: string,
  scope: Scope,
): readonly (readonly [string, string])[] {
  const items = scope.textOf(list, scope);
  return [[item, `${items}[${index}]`], ...(name === undefined ? [] : [[name, index] as const])];
}

export const propertyOf = ({ body }: Declared, key: string): Expression | undefined =>
  body.find((property) => property.key === key)?.value;

const isGroup = ({ type }: ResourceDeclaration) => type === 'Microsoft.Resources/resourceGroups';
