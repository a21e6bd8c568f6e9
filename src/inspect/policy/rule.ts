/** Which rule of a policy allows something: found by asking the same of the policy with each of its rules alone. Pure. */
import type { IdentityPolicy, IdentityPolicySpec } from '../../api/identity-policy.ts';
import { evaluate, type NamespacePolicy } from '../../policy/evaluate.ts';
import type { NamespaceFacts } from '../../policy/selection.ts';
import type { Verdict } from '../../policy/verdict.ts';

const LISTS = ['federation', 'grants', 'attachments', 'systemAssigned'] as const;

/** As a person would find it: `spec.grants[1]`; undefined: no rule does it alone. */
export function ruleOf(
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
