import type { IdentityPolicy } from '../api/identity-policy.ts';
import { isWithinScope } from '../azure/names/resource-id.ts';
import { sameText } from '../azure/names/text.ts';
import { alikeScope, nearMiss } from './near-miss.ts';
import type { NamespaceFacts } from './selection.ts';
import { namedRules, noPolicy, type Test, type Verdict, verdictOf } from './verdict.ts';

/** A role for a principal on a scope, as an object asks for it. */
export interface GrantRequest {
  readonly roleGuid: string;
  readonly roleName: string;
  readonly roleType: 'BuiltInRole' | 'CustomRole';
  readonly scope: string;
  /** An identity of the object's own namespace, or a principal by its object id. */
  readonly principal: { readonly identityRef: true } | { readonly id: string };
  /** Of the object, wall ms: a grant's time counts from there, so an edit cannot stretch it. */
  readonly createdAt: number;
  /** Wall ms; absent = for ever. */
  readonly expiresAt?: number;
}

type Rule = NonNullable<IdentityPolicy['spec']['grants']>[number];

/** Asked alone, too: whether any role may be granted there. */
const SCOPE: Test<Rule, Pick<GrantRequest, 'scope'>> = {
  meets: (rule, { scope }) => rule.scopes.some((allowed) => isWithinScope(scope, allowed)),
  denial: ({ scope }, rules) =>
    `allows grants on scope ${scope}${alikeScope(
      scope,
      rules.flatMap(({ scopes }) => scopes),
    )}`,
};

/** What a rule asks, in the order in which a refusal is worded. */
const TESTS: readonly Test<Rule, GrantRequest>[] = [
  SCOPE,
  {
    meets: (rule, request) => rule.roles.some((allowed) => isRole(allowed, request)),
    denial: (request, rules) =>
      `allows role ${spelt(request)} on scope ${request.scope}${hint(request, rules)}`,
  },
  {
    meets: (rule, { principal }) => isPrincipal(rule, principal),
    denial: (request) =>
      `allows role ${spelt(request)} on scope ${request.scope} for ${'id' in request.principal ? `principal ${request.principal.id} (principals.ids)` : 'identities of the namespace (principals.identityRefs)'}`,
  },
  {
    meets: (rule, request) => isShortEnough(rule, request),
    denial: (request, rules) =>
      `allows role ${spelt(request)} on scope ${request.scope} ${request.expiresAt === undefined ? 'without an expiresAt' : 'for so long'}: the longest is ${longest(rules)} from the creation of the object; set spec.expiresAt accordingly`,
  },
];

/**
 * One rule must allow role, scope, principal and duration together: what one rule allows for an hour, another for a reader, never
 * makes an owner for ever.
 *
 * A management group holds only itself here: which subscriptions it contains is Azure's to change, and a policy must not
 * grow with it. The tenant (`/`) holds everything.
 *
 * @param policies those that select the namespace
 */
export function allowsGrant(
  policies: readonly IdentityPolicy[],
  namespace: Pick<NamespaceFacts, 'name'>,
  request: GrantRequest,
): Verdict {
  return verdictOfGrants(policies, namespace, TESTS, request);
}

/**
 * Whether any role may be granted on the scope at all: asked before anything is read in Azure for a namespace that may
 * have nothing there.
 */
export function allowsAnyGrantAt(
  policies: readonly IdentityPolicy[],
  namespace: Pick<NamespaceFacts, 'name'>,
  scope: string,
): Verdict {
  return verdictOfGrants(policies, namespace, [SCOPE], { scope });
}

function verdictOfGrants<Request>(
  policies: readonly IdentityPolicy[],
  namespace: Pick<NamespaceFacts, 'name'>,
  tests: readonly Test<Rule, Request>[],
  request: Request,
): Verdict {
  if (policies.length === 0) return noPolicy(namespace);
  const rules = namedRules(policies, ({ grants }) => grants);
  return verdictOf({ policies, namespace, rules, field: 'grants' }, tests, request);
}

/** `30d`, `8h`, `1d12h30m` as ms; the CRD's pattern lets nothing else in. */
export function parseDuration(text: string): number {
  const [, days = '0', hours = '0', minutes = '0'] = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?$/.exec(text) ?? [];
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60_000;
}

/** By GUID always; by name only a built-in role: a custom one can be renamed by anyone who may edit it. */
function isRole(allowed: string, { roleGuid, roleName, roleType }: GrantRequest): boolean {
  if (sameText(allowed, roleGuid)) return true;
  return roleType === 'BuiltInRole' && sameText(allowed, roleName);
}

function isPrincipal(rule: Rule, principal: GrantRequest['principal']): boolean {
  const { identityRefs = true, ids = [] } = rule.principals ?? {};
  if (!('id' in principal)) return identityRefs;
  return ids.some((id) => sameText(id, principal.id));
}

function isShortEnough({ maxDuration }: Rule, { createdAt, expiresAt }: GrantRequest): boolean {
  if (maxDuration === undefined) return true;
  return expiresAt !== undefined && expiresAt - createdAt <= parseDuration(maxDuration);
}

function longest(rules: readonly Rule[]): string {
  const all = rules.flatMap(({ maxDuration }) => maxDuration ?? []);
  return all.sort((a, b) => parseDuration(b) - parseDuration(a))[0] ?? 'unlimited';
}

function spelt({ roleName, roleGuid }: GrantRequest): string {
  return `'${roleName}' (${roleGuid})`;
}

/** Points to an entry of a policy that seems to allow the role, but does not. */
function hint({ roleName, roleType }: GrantRequest, rules: readonly Rule[]): string {
  const named = rules.some(({ roles }) => roles.some((each) => sameText(each, roleName)));
  if (roleType === 'CustomRole' && named)
    return '; it is a custom role, which a policy must name by its GUID because others can rename it';
  const near = nearMiss(
    roleName,
    rules.flatMap(({ roles }) => roles),
  );
  return near === undefined ? '' : `; a policy names '${near}', which is nearly that`;
}
