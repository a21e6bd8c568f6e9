import { type IdentityPolicy, type IdentityPolicyStatus, identityPolicy } from '../../api/identity-policy.ts';
import type { ManagedObject } from '../../api/schema/common.ts';
import { HOST_CAPABILITIES } from '../../azure/hosts/capabilities.ts';
import type { RoleNames } from '../../cache/roles/names.ts';
import { describeConflicts } from '../../policy/defaults.ts';
import { evaluate } from '../../policy/evaluate.ts';
import { factsOf, type NamespaceFacts, selects } from '../../policy/selection.ts';
import { type Finding, isBuiltIn, type KnownRole, roleNamesOf, validate } from '../../policy/validate.ts';
import type { Watch } from '../../runtime/controller/watch.ts';
import { type Decision, RECHECK_OUTSIDE_MS, RECHECK_READY_MS } from '../decision.ts';
import type { KindDefinition } from '../definition.ts';
import type { ReconcileContext } from '../kind.ts';
import { failureOf } from '../status/failure.ts';
import { stalledInside, stalledOutside } from '../status/summary.ts';
import type { StoreDefinition, Stores } from '../stores.ts';
import { onEdit, onLabels, onSelf } from '../watches/watches.ts';

export const store: StoreDefinition<IdentityPolicy> = { name: 'policies', indexes: {} };

/** An IdentityPolicy is evaluated, not carried out: its status says what it selects, whom it contradicts, and what names nothing. */
export const identityPolicyKind: KindDefinition<
  IdentityPolicy & ManagedObject,
  PolicyFacts,
  { readonly type: never },
  PolicyStatus
> = {
  name: 'identitypolicy',
  resource: identityPolicy.resource,
  status: identityPolicy.status,
  store,
  watches,
  decide,
  start: (services) => ({
    observe: (policy, context) => observe(policy, context, services),
    perform: async () => ({}),
  }),
};

/** What enqueues an IdentityPolicy: itself, and any other, which may contradict it or have done so. */
function watches({
  stores: { policies, namespaces },
}: {
  readonly stores: Pick<Stores, 'policies' | 'namespaces'>;
}): readonly Watch[] {
  return [
    onSelf(policies),
    onEdit(policies, () => policies.keys()),
    onLabels(namespaces, () => policies.keys()),
  ];
}

interface PolicyFacts {
  readonly policies: readonly IdentityPolicy[];
  readonly namespaces: readonly NamespaceFacts[];
  /** Absent: the policy names none, or they could not be read: `rolesUnread` says why. */
  readonly roles?: readonly KnownRole[] | undefined;
  readonly rolesUnread?: string | undefined;
}

type PolicyStatus = Pick<IdentityPolicyStatus, 'namespaces'>;

const TYPES = HOST_CAPABILITIES.map(({ type }) => type);
/** More findings than this say no more to a reader; the rest are counted. */
const MAX_LISTED = 5;

/**
 * What is reported of a policy: whom it reaches, whether another one contradicts it there, and what of it names nothing. The rest of it
 * is in force all the same.
 */
export function decide(
  policy: IdentityPolicy,
  { policies, namespaces, roles, rolesUnread }: PolicyFacts,
): Decision<never, PolicyStatus> {
  const selected = namespaces.filter((namespace) => selects(policy, namespace));
  const status = { namespaces: selected.length };
  const contradicted = selected
    .map((namespace) => evaluate(policies, namespace))
    .find(({ conflicts }) =>
      conflicts.some(({ values }) => values.some((each) => each.policy === policy.metadata.name)),
    );
  const findings = validate(policy.spec, { roles, types: TYPES });
  const missing = (policy.spec.namespaces.names ?? []).filter(
    (name) => !namespaces.some((namespace) => namespace.name === name),
  );
  const force = `in force for ${counted(selected.length)}`;
  // Where defaults contradict each other nothing of the policy gives anything new.
  const rest = contradicted ? '' : `, the rest is ${force}`;
  // All findings at once: an administrator who corrects the first finds no new one behind it.
  const message = [
    ...(contradicted ? [describeConflicts(contradicted)] : []),
    ...(findings.length > 0 ? [listed(findings), `what is listed allows nothing${rest}`] : []),
    ...(contradicted || findings.length > 0 ? [] : [force]),
    ...(missing.length > 0 ? [`not there yet: namespace ${missing.slice(0, MAX_LISTED).join(', ')}`] : []),
    ...(rolesUnread === undefined ? [] : [`the names of roles are not checked yet: ${rolesUnread}`]),
  ].join('; ');
  const nextMs = rolesUnread === undefined ? RECHECK_READY_MS : RECHECK_OUTSIDE_MS;
  if (!contradicted && findings.length === 0)
    return { actions: [], status, summary: { state: 'ready', reason: 'Accepted', message, nextMs } };
  const reason = contradicted ? 'PolicyConflict' : 'PartlyInvalid';
  const stalled = rolesUnread === undefined ? stalledInside : stalledOutside;
  return { actions: [], status, summary: stalled(reason, message) };
}

function listed(findings: readonly Finding[]): string {
  const shown = findings.slice(0, MAX_LISTED).map(({ field, message }) => `${field}: ${message}`);
  const more = findings.length - shown.length;
  return shown.join('; ') + (more > 0 ? `; and ${more} more` : '');
}

function counted(namespaces: number): string {
  return namespaces === 1 ? '1 namespace' : `${namespaces} namespaces`;
}

export interface ObserveDeps {
  readonly stores: Pick<Stores, 'policies' | 'namespaces'>;
  readonly roleNames: Pick<RoleNames, 'known' | 'all'>;
}

/** All policies and namespaces, and the names of roles that there are, as far as the policy needs them. */
export async function observe(
  policy: IdentityPolicy,
  context: ReconcileContext,
  { stores: { policies, namespaces }, roleNames }: ObserveDeps,
): Promise<PolicyFacts> {
  return {
    policies: policies.values(),
    namespaces: namespaces.values().map(factsOf),
    ...(await rolesFor(policy, context, roleNames)),
  };
}

/** Nothing is asked while what is known already has all the names. */
async function rolesFor(
  { spec }: IdentityPolicy,
  context: ReconcileContext,
  roleNames: ObserveDeps['roleNames'],
): Promise<Pick<PolicyFacts, 'roles' | 'rolesUnread'>> {
  const names = roleNamesOf(spec);
  const known = roleNames.known();
  if (names.every((name) => isBuiltIn(name, known))) return { roles: known };
  const scope = spec.grants?.[0]?.scopes[0] ?? '/';
  try {
    return { roles: await roleNames.all(scope, context) };
  } catch (error) {
    const failure = failureOf(error);
    if (failure) return { rolesUnread: `the roles at ${scope} cannot be read: ${failure.message}` };
    if (error instanceof TypeError) return { rolesUnread: error.message };
    throw error;
  }
}
