import type { IdentityPolicy } from '../api/identity-policy.ts';
import type { Namespace } from '../kube/builtin.ts';

/** What of a namespace a policy can see. */
export interface NamespaceFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export function factsOf({ metadata: { name, labels = {} } }: Namespace): NamespaceFacts {
  return { name, labels };
}

type Selector = NonNullable<IdentityPolicy['spec']['namespaces']['selector']>;

/** A namespace is selected by its name or by the selector; an empty selector selects every namespace. */
export function selects(policy: IdentityPolicy, namespace: NamespaceFacts): boolean {
  const { names, selector } = policy.spec.namespaces;
  if (names?.includes(namespace.name)) return true;
  return selector !== undefined && matchesSelector(selector, namespace.labels);
}

/** Kubernetes' label selector: every label and every expression must hold. */
function matchesSelector(selector: Selector, labels: Readonly<Record<string, string>>): boolean {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (labels[key] !== value) return false;
  }
  return (selector.matchExpressions ?? []).every((term) => matchesTerm(term, labels[term.key]));
}

type Term = NonNullable<Selector['matchExpressions']>[number];

function matchesTerm(term: Term, value: string | undefined): boolean {
  switch (term.operator) {
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'In':
      return value !== undefined && (term.values ?? []).includes(value);
    case 'NotIn':
      // As in Kubernetes, a missing label is not in the list.
      return value === undefined || !(term.values ?? []).includes(value);
  }
}
