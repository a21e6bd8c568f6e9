import type { IdentityPolicy } from '../api/identity-policy.ts';
import { armKey, isWithinScope } from '../azure/names/resource-id.ts';
import { sameText } from '../azure/names/text.ts';
import { alikeScope } from './near-miss.ts';
import type { NamespaceFacts } from './selection.ts';
import { namedRules, type Test, type Verdict, verdictOf } from './verdict.ts';

/** A resource that is to carry an identity. */
export interface HostRequest {
  readonly hostId: string;
  /** `Microsoft.Compute/virtualMachines`, in any case. */
  readonly type: string;
  /** azid's table has the type: what `*` stands for. */
  readonly known: boolean;
  /** `adoption: Adopt`: what is there already is to be taken over. */
  readonly adopt: boolean;
}

export interface AttachmentRequest extends HostRequest {
  readonly bySelector: boolean;
  /** An identity of the object's own namespace, or one by its ARM id. */
  readonly identity: { readonly identityRef: true } | { readonly id: string };
}

/** The scope and types that a selector covers. */
export interface SelectorRequest {
  /** The subscription or resource group that it covers. */
  readonly scope: string;
  readonly type: string;
  readonly known: boolean;
}

type AttachRule = NonNullable<IdentityPolicy['spec']['attachments']>[number];
type SystemRule = NonNullable<IdentityPolicy['spec']['systemAssigned']>[number];

/** What a rule asks, in the order in which a refusal is worded. */
const PLACE: readonly Test<SystemRule, HostRequest>[] = [
  {
    meets: ({ scopes }, { hostId }) => scopes.some((scope) => isWithinScope(hostId, scope)),
    denial: ({ hostId }, rules) =>
      `allows resource ${hostId} in scopes${alikeScope(
        hostId,
        rules.flatMap(({ scopes }) => scopes),
      )}`,
  },
  {
    meets: (rule, request) => allowsType(rule, request),
    denial: ({ type, known }) =>
      `allows type ${type} there${known ? '' : "; azid does not know the type, so `*` does not cover it: it must be named in the rule's types"}`,
  },
];

const ADOPTION: Test<SystemRule, HostRequest> = {
  meets: ({ adopt = false }, request) => adopt || !request.adopt,
  denial: ({ hostId }) => `allows to take over what ${hostId} already has (adopt)`,
};

const ATTACHMENT: readonly Test<AttachRule, AttachmentRequest>[] = [
  ...PLACE,
  {
    meets: ({ selectors = false }, { bySelector }) => selectors || !bySelector,
    denial: ({ hostId }) =>
      `allows selectors for ${hostId} (selectors: true); whoever can tag a resource could then give it the identity`,
  },
  {
    meets: ({ identities: { identityRefs = true, ids = [] } = {} }, { identity }) =>
      'id' in identity ? keysOf(ids).has(armKey(identity.id)) : identityRefs,
    denial: ({ hostId, identity }) =>
      `allows ${'id' in identity ? `identity ${identity.id} (identities.ids)` : 'identities of the namespace (identities.identityRefs)'} on ${hostId}`,
  },
  ADOPTION,
];

/**
 * One rule must allow place, type, identity and way together.
 *
 * @param policies those that select the namespace
 */
export function allowsAttachment(
  policies: readonly IdentityPolicy[],
  namespace: Pick<NamespaceFacts, 'name'>,
  request: AttachmentRequest,
): Verdict {
  const rules = namedRules(policies, ({ attachments }) => attachments);
  return verdictOf({ policies, namespace, rules, field: 'attachments' }, ATTACHMENT, request);
}

/** May the resource's own identity be switched on? */
export function allowsSystemAssigned(
  policies: readonly IdentityPolicy[],
  namespace: Pick<NamespaceFacts, 'name'>,
  request: HostRequest,
): Verdict {
  const rules = namedRules(policies, ({ systemAssigned }) => systemAssigned);
  return verdictOf({ policies, namespace, rules, field: 'systemAssigned' }, [...PLACE, ADOPTION], request);
}

/** May anything be selected there at all? Asked before resources are listed on behalf of a namespace. */
export function allowsSelector(
  policies: readonly IdentityPolicy[],
  namespace: Pick<NamespaceFacts, 'name'>,
  request: SelectorRequest,
): Verdict {
  const tests: readonly Test<AttachRule, SelectorRequest>[] = [
    {
      meets: ({ scopes }, { scope }) =>
        scopes.some((each) => isWithinScope(scope, each) || isWithinScope(each, scope)),
      denial: ({ scope }) => `allows resources in ${scope}`,
    },
    {
      meets: (rule, { type, known }) => allowsType(rule, { type, known }),
      denial: ({ type, scope }) => `allows type ${type} in ${scope}`,
    },
    {
      meets: ({ selectors = false }) => selectors,
      denial: ({ scope }) =>
        `allows selectors in ${scope} (selectors: true); name the resource by its id instead`,
    },
  ];
  const rules = namedRules(policies, ({ attachments }) => attachments);
  return verdictOf({ policies, namespace, rules, field: 'attachments' }, tests, request);
}

/** Whether one rule allows the type in all of the scope: then nothing that a selector finds there is left out. */
export function coversSelector(
  policies: readonly IdentityPolicy[],
  { scope, type, known }: SelectorRequest,
): boolean {
  return policies.some(({ spec }) =>
    spec.attachments?.some(
      (rule) =>
        rule.selectors === true &&
        allowsType(rule, { type, known }) &&
        rule.scopes.some((each) => isWithinScope(scope, each)),
    ),
  );
}

/** A policy may list hundreds, and each object on a resource asks; what the store holds is never changed in place. */
const KEYS = new WeakMap<readonly string[], ReadonlySet<string>>();

function keysOf(ids: readonly string[]): ReadonlySet<string> {
  const known = KEYS.get(ids);
  if (known) return known;
  const keys = new Set(ids.map(armKey));
  KEYS.set(ids, keys);
  return keys;
}

function allowsType(
  { types }: Pick<SystemRule, 'types'>,
  { type, known }: Pick<HostRequest, 'type' | 'known'>,
): boolean {
  return types.some((each) => (each === '*' ? known : sameText(each, type)));
}
