import type { IdentityPolicy, IdentityPolicyStatus } from '../../api/identity-policy.ts';
import { HOST_CAPABILITIES } from '../../azure/hosts/types/capabilities.ts';
import { describeConflicts } from '../../policy/defaults.ts';
import { evaluate } from '../../policy/evaluate.ts';
import { type Finding, judge, type KnownRole } from '../../policy/judge.ts';
import { type NamespaceFacts, selects } from '../../policy/selection.ts';
import { type Decision, RECHECK_OUTSIDE_MS, RECHECK_READY_MS } from '../decision.ts';
import { stalledInside, stalledOutside } from '../status/summary.ts';

export interface PolicyFacts {
  readonly policies: readonly IdentityPolicy[];
  readonly namespaces: readonly NamespaceFacts[];
  /** Absent: the policy names none, or they could not be read: `rolesUnread` says why. */
  readonly roles?: readonly KnownRole[] | undefined;
  readonly rolesUnread?: string | undefined;
}

export type PolicyStatus = Pick<IdentityPolicyStatus, 'namespaces'>;

const TYPES = HOST_CAPABILITIES.map(({ type }) => type);
/** More findings than this say no more to a reader; the rest are counted. */
const MAX_LISTED = 5;

/**
 * What an administrator wants to know of a policy: whom it reaches, whether another one contradicts it there, and what of
 * it names nothing. What it says else is in force all the same.
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
  const findings = judge(policy.spec, { roles, types: TYPES });
  const missing = (policy.spec.namespaces.names ?? []).filter(
    (name) => !namespaces.some((namespace) => namespace.name === name),
  );
  const force = `in force for ${counted(selected.length)}`;
  // Where defaults contradict each other nothing of the policy gives anything new.
  const rest = contradicted ? '' : `, the rest is ${force}`;
  // All findings at once: whoever mends the first finds nothing new behind it.
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
