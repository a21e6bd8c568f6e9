import type { IdentityPolicySpec } from '../api/identity-policy.ts';
import { isGuid } from '../azure/names/guid.ts';
import { endsFault, sameText, spellingFault } from '../azure/names/text.ts';
import { parseDuration } from './grants.ts';
import { nearMiss } from './near-miss.ts';

/**
 * Names in a policy that nothing bears. The API server refuses what the text alone shows to be wrong
 * (src/api/policy/rules.ts); the rest is validated here, and the same again for policies that are older than
 * those rules. A name that nothing bears allows nothing: the policy is in force without it, and its status shows it.
 */

export interface Finding {
  readonly field: string;
  readonly message: string;
}

export interface KnownRole {
  readonly roleName: string;
  readonly type: string;
  readonly guid: string;
}

interface Known {
  /** Absent: not read, so names of roles are not validated. */
  readonly roles?: readonly KnownRole[] | undefined;
  /** Resource types of azid's table. */
  readonly types: readonly string[];
}

const NAMESPACE = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_KEY = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

export function validate(spec: IdentityPolicySpec, known: Known): readonly Finding[] {
  return [
    ...namespacesOf(spec),
    ...each(spec.identities?.scopes, 'spec.identities.scopes', spellingFault),
    ...(spec.federation ?? []).flatMap((rule, at) => federation(rule, `spec.federation[${at}]`)),
    ...(spec.grants ?? []).flatMap((rule, at) => grants(rule, `spec.grants[${at}]`, known)),
    ...hosts(spec.attachments, 'spec.attachments', known),
    ...hosts(spec.systemAssigned, 'spec.systemAssigned', known),
  ];
}

/** The role names of a policy, which can only be validated by a list of Azure's roles. */
export function roleNamesOf({ grants: rules = [] }: IdentityPolicySpec): readonly string[] {
  return rules.flatMap(({ roles }) => roles.filter((role) => !isGuid(role)));
}

export function isBuiltIn(name: string, roles: readonly KnownRole[]): boolean {
  return roles.some(({ roleName, type }) => type === 'BuiltInRole' && sameText(roleName, name));
}

function namespacesOf({ namespaces: { names, selector } }: IdentityPolicySpec): Finding[] {
  const keys = [
    ...Object.keys(selector?.matchLabels ?? {}).map((key) => ['matchLabels', key] as const),
    ...(selector?.matchExpressions ?? []).map(({ key }) => ['matchExpressions', key] as const),
  ];
  return [
    ...each(names, 'spec.namespaces.names', (name) =>
      NAMESPACE.test(name)
        ? undefined
        : `'${name}' is the name of no namespace; names are no patterns: selector: {} selects every namespace`,
    ),
    ...keys.flatMap(([field, key]) =>
      LABEL_KEY.test(key)
        ? []
        : [{ field: `spec.namespaces.selector.${field}`, message: `no label can have the key '${key}'` }],
    ),
  ];
}

type FederationRule = NonNullable<IdentityPolicySpec['federation']>[number];

function federation({ issuers, subjects, audiences }: FederationRule, field: string): Finding[] {
  return [
    ...each(issuers, `${field}.issuers`, (issuer) => {
      const fault = spellingFault(issuer);
      if (fault !== undefined) return fault;
      if (issuer.includes('*')) return `'${issuer}' is trusted letter by letter: an issuer is no pattern`;
      if (issuer === 'cluster' || issuer.startsWith('https://')) return undefined;
      const near = nearMiss(issuer, ['cluster']);
      return `'${issuer}' is neither cluster nor the https URL of an issuer${near === undefined ? '' : `: did you mean ${near}?`}`;
    }),
    ...each(subjects, `${field}.subjects`, (subject) => {
      const [unknown] = /\$\([^)]*\)?/.exec(subject.replaceAll('$(namespace)', '')) ?? [];
      return unknown === undefined
        ? endsFault(subject)
        : `${unknown} is no variable; the only one is $(namespace)`;
    }),
    ...each(audiences, `${field}.audiences`, endsFault),
  ];
}

type GrantRule = NonNullable<IdentityPolicySpec['grants']>[number];

function grants(rule: GrantRule, field: string, { roles }: Known): Finding[] {
  const { maxDuration, principals } = rule;
  const found = [
    ...each(rule.roles, `${field}.roles`, (role) => roleFault(role, roles)),
    ...each(rule.scopes, `${field}.scopes`, spellingFault),
  ];
  if (maxDuration !== undefined && parseDuration(maxDuration) === 0)
    found.push({ field: `${field}.maxDuration`, message: `'${maxDuration}' lets nobody have anything` });
  if (principals?.identityRefs === false && !principals.ids?.length)
    found.push(nobody(`${field}.principals`));
  return found;
}

function roleFault(role: string, roles: readonly KnownRole[] | undefined): string | undefined {
  if (role.includes('*')) return `'${role}' is no role; roles are no patterns: list each`;
  if (isGuid(role)) return undefined;
  const fault = spellingFault(role);
  if (fault !== undefined) return fault;
  if (!roles || isBuiltIn(role, roles)) return undefined;
  const custom = roles.filter(({ roleName }) => sameText(roleName, role)).map(({ guid }) => guid);
  if (custom.length > 0)
    return `'${role}' is a custom role, which others can rename, so it counts by its GUID only: write ${[...new Set(custom)].join(' or ')}`;
  const near = nearMiss(
    role,
    roles.filter(({ type }) => type === 'BuiltInRole').map(({ roleName }) => roleName),
  );
  return `'${role}' is the name of no built-in role${near === undefined ? '; custom roles count by their GUID' : `: did you mean ${near}?`}`;
}

/** Of attachments, and of system-assigned identities, which name no identity. */
type HostRules = readonly (Pick<AttachRule, 'types' | 'scopes'> & Pick<Partial<AttachRule>, 'identities'>)[];
type AttachRule = NonNullable<IdentityPolicySpec['attachments']>[number];

function hosts(rules: HostRules | undefined, field: string, { types }: Known): Finding[] {
  return (rules ?? []).flatMap((rule, at) => {
    const found = [
      ...each(rule.types, `${field}[${at}].types`, (type) => {
        if (type === '*' || types.some((known) => sameText(known, type))) return undefined;
        // A type that azid does not know may be named; one that is nearly a known one is a slip.
        const near = nearMiss(type, types);
        return near === undefined ? undefined : `azid does not know a type '${type}': did you mean ${near}?`;
      }),
      ...each(rule.scopes, `${field}[${at}].scopes`, spellingFault),
    ];
    const { identities } = rule;
    if (identities?.identityRefs === false && !identities.ids?.length)
      found.push(nobody(`${field}[${at}].identities`));
    return found;
  });
}

function nobody(field: string): Finding {
  return { field, message: 'identityRefs: false without ids allows nobody' };
}

function each(
  words: readonly string[] | undefined,
  field: string,
  fault: (word: string) => string | undefined,
): Finding[] {
  return (words ?? []).flatMap((word, at) => {
    const message = fault(word);
    return message === undefined ? [] : [{ field: `${field}[${at}]`, message }];
  });
}
