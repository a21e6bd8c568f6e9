/** What the policies answer to an object, with the rule that allows it: the controller's own evaluation, asked from here. Pure. */
import type { IdentityPolicy } from '../../api/identity-policy.ts';
import type { ManagedObject } from '../../api/schema/common.ts';
import type { Namespace } from '../../kube/builtin.ts';
import { describeConflicts } from '../../policy/defaults.ts';
import { type NamespacePolicy, policyFor } from '../../policy/evaluate.ts';
import { factsOf } from '../../policy/selection.ts';
import type { Asked, Question } from './question.ts';
import { type QuestionContext, questionsOf } from './questions.ts';
import { ruleOf } from './rule.ts';

export interface Judgement {
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

/** Empty for kinds that ask nobody. */
export function judgementsOf(
  object: ManagedObject,
  { policies, namespace, why }: ObservedPolicies,
  context: Omit<QuestionContext, 'policy'>,
): readonly Judgement[] {
  if (!policies || !namespace) {
    const isAsked = questionsOf(object, { ...context, policy: policyFor(object, sourcesOf([], undefined)) });
    return isAsked.map(({ what }) => ({
      what,
      answer: 'unknown',
      why: why ?? 'the policies or the namespace could not be read',
    }));
  }
  const policy = policyFor(object, sourcesOf(policies, namespace));
  const conflicts: Judgement[] =
    policy.conflicts.length === 0
      ? []
      : [{ what: 'anything new', answer: 'denied', why: describeConflicts(policy) }];
  return [
    ...conflicts,
    ...questionsOf(object, { ...context, policy }).map((asked) =>
      judgementOf(asked, policy, policies, namespace),
    ),
  ];
}

function judgementOf(
  asked: Asked,
  policy: NamespacePolicy,
  policies: readonly IdentityPolicy[],
  namespace: Namespace,
): Judgement {
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
): Pick<Judgement, 'policy' | 'rule'> {
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
