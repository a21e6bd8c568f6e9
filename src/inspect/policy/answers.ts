/** What the policies answer to an object, with the rule that allows it: the controller's own evaluation, asked from here. Pure. */
import type { IdentityPolicy, IdentityPolicySpec } from '../../api/identity-policy.ts';
import type { ManagedObject } from '../../api/schema/common.ts';
import type { Namespace } from '../../kube/builtin.ts';
import { describeConflicts } from '../../policy/defaults.ts';
import { evaluate, type NamespacePolicy, policyFor } from '../../policy/evaluate.ts';
import { factsOf, type NamespaceFacts } from '../../policy/selection.ts';
import type { Verdict } from '../../policy/verdict.ts';
import { type Asked, type Question, type QuestionContext, questionsOf } from './questions.ts';

export interface PolicyAnswer {
  /** What is asked for, in words. */
  readonly what: string;
  readonly answer: 'allowed' | 'denied' | 'unknown';
  /** The policy, and which of its rules: where it is allowed, or would be. */
  readonly policy?: string;
  readonly rule?: string;
  /** Why not, or what would settle it. */
  readonly why?: string;
}

export interface ObservedPolicies {
  /** Absent: could not be read. */
  readonly policies: readonly IdentityPolicy[] | undefined;
  /** The object's own. Absent: could not be read. */
  readonly namespace: Namespace | undefined;
  /** Why one of them is absent. */
  readonly why?: string | undefined;
}

/** Empty for kinds that need no permission. */
export function answersOf(
  object: ManagedObject,
  { policies, namespace, why }: ObservedPolicies,
  context: Omit<QuestionContext, 'policy'>,
): readonly PolicyAnswer[] {
  if (!policies || !namespace) {
    const isAsked = questionsOf(object, { ...context, policy: policyFor(object, sourcesOf([], undefined)) });
    return isAsked.map(({ what }) => ({
      what,
      answer: 'unknown',
      why: why ?? 'the policies or the namespace could not be read',
    }));
  }
  const policy = policyFor(object, sourcesOf(policies, namespace));
  const conflicts: PolicyAnswer[] =
    policy.conflicts.length === 0
      ? []
      : [{ what: 'anything new', answer: 'denied', why: describeConflicts(policy) }];
  return [
    ...conflicts,
    ...questionsOf(object, { ...context, policy }).map((asked) =>
      answerOf(asked, policy, policies, namespace),
    ),
  ];
}

function answerOf(
  asked: Asked,
  policy: NamespacePolicy,
  policies: readonly IdentityPolicy[],
  namespace: Namespace,
): PolicyAnswer {
  const { what } = asked;
  if (!('asked' in asked)) return { what, answer: 'unknown', why: asked.why };
  const answers = asked.asked.map((ask) => ({ ask, verdict: ask(policy) }));
  const allowing = answers.flatMap(({ ask, verdict }) =>
    verdict.allowed ? [allowedBy(ask, verdict.policy, policies, namespace)] : [],
  );
  const [refusal] = answers.flatMap(({ verdict }) => (verdict.allowed ? [] : [verdict.message]));
  if (refusal === undefined) return { what, answer: 'allowed', ...allowing[0] };
  if (allowing.length === 0 && asked.isOpen !== true) return { what, answer: 'denied', why: refusal };
  return {
    what,
    answer: 'unknown',
    ...allowing[0],
    why: `it hangs on ${asked.undecided}; if not so: ${refusal}`,
  };
}

function allowedBy(
  ask: Question['asked'][number],
  name: string,
  policies: readonly IdentityPolicy[],
  namespace: Namespace,
): Pick<PolicyAnswer, 'policy' | 'rule'> {
  const policy = policies.find(({ metadata }) => metadata.name === name);
  const rule = policy && ruleOf(policy, factsOf(namespace), ask);
  return { policy: name, ...(rule !== undefined && { rule }) };
}

function sourcesOf(policies: readonly IdentityPolicy[], namespace: Namespace | undefined) {
  return {
    policies: { values: () => policies, version: 0 },
    namespaces: { get: () => namespace },
  };
}

const LISTS = ['federation', 'grants', 'attachments', 'systemAssigned'] as const;

/**
 * The rule of a policy that allows something, as its path (`spec.grants[1]`): found by asking the same of the policy with each of its
 * rules alone. Undefined: no rule does it alone.
 */
function ruleOf(
  policy: IdentityPolicy,
  namespace: NamespaceFacts,
  ask: (policy: NamespacePolicy) => Verdict,
): string | undefined {
  return variants(policy.spec).find(({ spec }) => ask(evaluate([{ ...policy, spec }], namespace)).allowed)
    ?.path;
}

interface Variant {
  readonly path: string;
  readonly spec: IdentityPolicySpec;
}

function variants({ namespaces, ...spec }: IdentityPolicySpec): readonly Variant[] {
  const { identities, adoption } = spec;
  return [
    ...(identities?.scopes ?? []).map((scope, at) => ({
      path: `spec.identities.scopes[${at}]`,
      spec: { namespaces, identities: { ...identities, scopes: [scope] } },
    })),
    ...(adoption?.identityIds ?? []).map((id, at) => ({
      path: `spec.adoption.identityIds[${at}]`,
      spec: { namespaces, adoption: { ...adoption, identityIds: [id] } },
    })),
    ...LISTS.flatMap((list) =>
      (spec[list] ?? []).map((rule, at) => ({
        path: `spec.${list}[${at}]`,
        spec: { namespaces, [list]: [rule] },
      })),
    ),
  ];
}
