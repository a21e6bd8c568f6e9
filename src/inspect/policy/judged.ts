/** What the policies answer to an object, with the rule that allows it: the controller's own evaluation, asked from here. Pure. */
import type { IdentityPolicy } from '../../api/identity-policy.ts';
import type { ManagedObject } from '../../api/schema/common.ts';
import type { Namespace } from '../../kube/builtin.ts';
import { describeConflicts, type NamespacePolicy } from '../../policy/evaluate.ts';
import { policyFor } from '../../policy/policy-for.ts';
import { factsOf } from '../../policy/selection.ts';
import type { Verdict } from '../../policy/verdict.ts';
import type { Asked, Question } from './question.ts';
import { type QuestionContext, questionsOf } from './questions.ts';
import { ruleOf } from './rule.ts';

export interface Judgement {
  /** What is asked for, in words. */
  readonly what: string;
  readonly answer: 'allowed' | 'denied' | 'unknown';
  /** The policy, and which of its rules: where it is allowed. */
  readonly policy?: string;
  readonly rule?: string;
  /** Why not, or what would tell. */
  readonly why?: string;
}

export interface PolicyView {
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
  { policies, namespace, why }: PolicyView,
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
  if (!('asked' in asked)) return { what: asked.what, answer: 'unknown', why: asked.why };
  const verdicts = asked.asked.map((ask) => ask(policy));
  const [first] = verdicts;
  if (verdicts.every(({ allowed }) => allowed) && first?.allowed)
    return { what: asked.what, answer: 'allowed', ...allowedBy(asked, first, policies, namespace) };
  const denied = verdicts.find((each) => !each.allowed);
  const message = denied && !denied.allowed ? denied.message : '';
  const isSure = verdicts.every(({ allowed }) => !allowed) && asked.isOpen !== true;
  return isSure
    ? { what: asked.what, answer: 'denied', why: message }
    : {
        what: asked.what,
        answer: 'unknown',
        why: `it hangs on ${asked.undecided}${message === '' ? '' : ` (else: ${message})`}`,
      };
}

function allowedBy(
  { asked: [ask] }: Question,
  { policy: name }: Extract<Verdict, { allowed: true }>,
  policies: readonly IdentityPolicy[],
  namespace: Namespace,
): Pick<Judgement, 'policy' | 'rule'> {
  const policy = policies.find(({ metadata }) => metadata.name === name);
  const rule = policy && ask && ruleOf(policy, factsOf(namespace), ask);
  return { policy: name, ...(rule !== undefined && { rule }) };
}

function sourcesOf(policies: readonly IdentityPolicy[], namespace: Namespace | undefined) {
  return {
    policies: { values: () => policies, version: 0 },
    namespaces: { get: () => namespace },
  };
}
