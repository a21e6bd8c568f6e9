import { ArmError, type ArmRequest } from '../http/operation.ts';
import { patchedTags } from '../resources/tags.ts';
import type { World } from '../world/world.ts';
import { parameterOf } from './definitions.ts';
import { type Evaluated, fits, type PolicyDefinition, type PolicyResource } from './rule.ts';

export interface PolicyAssignment {
  readonly id: string;
  readonly name: string;
  readonly scope: string;
  readonly displayName?: string;
  readonly policyDefinitionId: string;
  readonly parameters: Readonly<Record<string, { readonly value?: unknown }>>;
  readonly notScopes: readonly string[];
  readonly enforced: boolean;
  /** User-assigned alone; who signs in with it is not simulated. */
  readonly identity?: unknown;
  /** Wall ms: an assignment takes a while to be evaluated everywhere. */
  readonly effectiveAt: number;
}

export interface Violation {
  readonly assignment: PolicyAssignment;
  readonly definition: PolicyDefinition;
  readonly evaluated: readonly Evaluated[];
}

/** Whether the policy of an assignment denies the resource, and by which of its expressions. */
export function violationOf(
  definition: PolicyDefinition,
  assignment: PolicyAssignment,
  resource: PolicyResource,
): Violation | undefined {
  if (effectOf(definition, assignment.parameters) !== 'deny') return undefined;
  if (definition.mode.toLowerCase() === 'indexed' && resource.location === undefined) return undefined;
  const parameter = parameterOf(definition, assignment.parameters);
  const { fits: does, evaluated } = fits(definition.policyRule.if, resource, parameter);
  return does ? { assignment, definition, evaluated } : undefined;
}

/** Lower-case. */
export function effectOf(definition: PolicyDefinition, given: PolicyAssignment['parameters']): string {
  const { effect } = definition.policyRule.then;
  const name = /^\[parameters\('(.+)'\)\]$/i.exec(effect)?.[1];
  return String(name === undefined ? effect : parameterOf(definition, given)(name)).toLowerCase();
}

/** As Azure Policy refuses a write (azure-docs, "Enforce job execution on Automation Hybrid Runbook Worker" shows one whole). */
export function disallowed(name: string, violations: readonly Violation[]): ArmError {
  const identifiers = violations.map(({ assignment, definition }) => ({
    policyAssignment: { name: assignment.displayName ?? assignment.name, id: assignment.id },
    policyDefinition: { name: definition.displayName, id: definition.id },
  }));
  return new ArmError(
    403,
    'RequestDisallowedByPolicy',
    `Resource '${name}' was disallowed by policy. Policy identifiers: '${JSON.stringify(identifiers)}'.`,
    {},
    violations.map(infoOf),
    { target: name },
  );
}

const infoOf = ({ assignment, definition, evaluated }: Violation) => ({
  type: 'PolicyViolation',
  info: {
    policyDefinitionDisplayName: definition.displayName,
    evaluationDetails: { evaluatedExpressions: evaluated },
    policyDefinitionId: definition.id,
    policyDefinitionName: definition.name,
    policyDefinitionEffect: 'Deny',
    policyAssignmentId: assignment.id,
    policyAssignmentName: assignment.name,
    ...(assignment.displayName !== undefined && { policyAssignmentDisplayName: assignment.displayName }),
    policyAssignmentScope: assignment.scope,
    policyAssignmentParameters: assignment.parameters,
  },
});

/**
 * The resource as a write would leave it: what policies evaluate. Of what a PATCH leaves out, location and tags are known. Policies
 * evaluate neither policy assignments nor calls that write no resource.
 */
export function resourceAfter(world: World, request: ArmRequest): PolicyResource | undefined {
  if (request.method !== 'PUT' && request.method !== 'PATCH') return undefined;
  const { path, method } = request;
  const body = (request.body ?? {}) as Body;
  const tagged = TAGS.exec(path)?.[1];
  if (tagged !== undefined) return retagged(world, method, tagged, body);
  const named = namedBy(path);
  if (!named || /^Microsoft\.Authorization\/policy/i.test(named.type)) return undefined;
  const held = method === 'PATCH' ? heldAt(world, path) : undefined;
  const location = (body.location as string | undefined) ?? held?.location;
  const tags = (body.tags as Tags | null | undefined) ?? held?.tags ?? {};
  return { id: path, ...named, tags, body, ...(location !== undefined && { location }) };
}

type Body = Readonly<Record<string, unknown>>;
type Tags = Readonly<Record<string, string>>;

const GROUP = /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+$/i;
const TAGS = /^(.*)\/providers\/Microsoft\.Resources\/tags\/default$/i;

/** By way of `Microsoft.Resources/tags`: the resource with other tags. */
function retagged(world: World, method: string, id: string, body: Body): PolicyResource | undefined {
  const named = namedBy(id);
  const held = heldAt(world, id);
  if (!named || !held) return undefined;
  const given = ((body.properties as Body | undefined)?.tags ?? {}) as Tags;
  const operation = method === 'PUT' ? 'replace' : String(body.operation).toLowerCase();
  const tags = patchedTags(held.tags ?? {}, operation as 'merge', given);
  return { id, ...named, tags: tags ?? {}, body: {}, ...(held.location && { location: held.location }) };
}

function heldAt(world: World, id: string): { readonly location?: string; readonly tags?: Tags } | undefined {
  if (!GROUP.test(id)) return world.resource(id);
  const [, , subscriptionId = '', , name = ''] = id.split('/');
  return world.resourceGroup(subscriptionId, name);
}

/** Type and full name of what a path names; undefined for what is no resource. */
function namedBy(path: string): Pick<PolicyResource, 'type' | 'name'> | undefined {
  if (GROUP.test(path))
    return { type: 'Microsoft.Resources/subscriptions/resourceGroups', name: path.split('/').at(-1) ?? '' };
  const [namespace, ...rest] = (path.split(/\/providers\//i).at(-1) ?? '').split('/');
  if (!path.includes('/providers/') || namespace === undefined || rest.length % 2 !== 0) return undefined;
  const types = rest.filter((_, i) => i % 2 === 0);
  const names = rest.filter((_, i) => i % 2 === 1);
  return { type: [namespace, ...types].join('/'), name: names.join('/') };
}
