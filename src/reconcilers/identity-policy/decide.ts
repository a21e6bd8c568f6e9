import type { IdentityPolicy, IdentityPolicyStatus } from '../../api/identity-policy.ts';
import { describeConflicts, evaluate } from '../../policy/evaluate.ts';
import { type NamespaceFacts, selects } from '../../policy/selection.ts';
import { type Decision, RECHECK_READY_MS } from '../decision.ts';
import { stalledInside } from '../summaries.ts';

export interface PolicyFacts {
  readonly policies: readonly IdentityPolicy[];
  readonly namespaces: readonly NamespaceFacts[];
}

export type PolicyStatus = Pick<IdentityPolicyStatus, 'namespaces'>;

/** What an administrator wants to know of a policy: whom it reaches, and whether another one contradicts it there. */
export function decide(
  policy: IdentityPolicy,
  { policies, namespaces }: PolicyFacts,
): Decision<never, PolicyStatus> {
  const selected = namespaces.filter((namespace) => selects(policy, namespace));
  const status = { namespaces: selected.length };
  const contradicted = selected
    .map((namespace) => evaluate(policies, namespace))
    .find(({ conflicts }) =>
      conflicts.some(({ values }) => values.some((each) => each.policy === policy.metadata.name)),
    );
  if (contradicted) {
    return { actions: [], status, summary: stalledInside('PolicyConflict', describeConflicts(contradicted)) };
  }
  const count = selected.length === 1 ? '1 namespace' : `${selected.length} namespaces`;
  return {
    actions: [],
    status,
    summary: {
      state: 'ready',
      reason: 'Accepted',
      message: `in force for ${count}`,
      nextMs: RECHECK_READY_MS,
    },
  };
}
