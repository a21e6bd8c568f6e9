import type { IdentityPolicy } from '../api/identity-policy.ts';
import type { NamespaceFacts } from './selection.ts';

/** What the policies of a namespace say to one request, and how their rules come to it. */

export type Verdict = Allowed | Denied;

interface Allowed {
  readonly allowed: true;
  readonly policy: string;
}

export interface Denied {
  readonly allowed: false;
  readonly message: string;
  /**
   * The namespace was not seen yet, so its policies are not known: nothing is given meanwhile, and nothing that
   * was given is taken away.
   */
  readonly unseen?: true;
}

export function allowed(policy: string): Allowed {
  return { allowed: true, policy };
}

export function denied(message: string): Denied {
  return { allowed: false, message };
}

const ASK = 'ask an administrator for an IdentityPolicy that does';

export function noPolicy({ name }: Pick<NamespaceFacts, 'name'>, where = ''): Denied {
  return denied(`no IdentityPolicy selects namespace ${name}; ${ASK}${where}`);
}

/** A rule of a policy, with the policy's name. */
interface NamedRule<Rule> {
  readonly rule: Rule;
  readonly policy: string;
}

export function namedRules<Rule>(
  policies: readonly IdentityPolicy[],
  rulesOf: (spec: IdentityPolicy['spec']) => readonly Rule[] | undefined,
): readonly NamedRule<Rule>[] {
  return policies.flatMap(({ spec, metadata }) =>
    (rulesOf(spec) ?? []).map((rule) => ({ rule, policy: metadata.name })),
  );
}

/** One thing that a rule has to allow. */
export interface Test<Rule, Request> {
  meets(rule: Rule, request: Request): boolean;
  denial(request: Request, rules: readonly Rule[]): string;
}

/** The rules of all policies that select one namespace, of one list of their specs. */
interface RuleSet<Rule> {
  readonly policies: readonly IdentityPolicy[];
  readonly namespace: Pick<NamespaceFacts, 'name'>;
  readonly rules: readonly NamedRule<Rule>[];
  /** Of the spec, for messages. */
  readonly field?: string;
}

/**
 * Default deny. Policies and rules add up, but one rule must meet all tests together. A refusal names the first of them that no rule
 * meets beside those before it.
 */
export function verdictOf<Rule, Request>(
  { policies, namespace, rules, field }: RuleSet<Rule>,
  tests: readonly Test<Rule, Request>[],
  request: Request,
): Verdict {
  const where = field === undefined ? '' : ` (${field})`;
  if (policies.length === 0) return noPolicy(namespace, where);
  const names = policies.map(({ metadata }) => metadata.name).join(', ');
  let left = rules;
  for (const { meets, denial } of tests) {
    const passed = left.filter(({ rule }) => meets(rule, request));
    if (passed.length === 0) {
      const what = denial(
        request,
        left.map(({ rule }) => rule),
      );
      return denied(`no IdentityPolicy of namespace ${namespace.name} (${names}) ${what}; ${ASK}${where}`);
    }
    left = passed;
  }
  return allowed(left[0]?.policy ?? names);
}
