import { z } from 'zod';
import { shaped } from '../schema/cel-rules.ts';
import type { CelRule } from '../schema/kind.ts';

/**
 * Mistakes in a policy that its text alone shows. Whether a name exists in Azure or in the cluster is checked by the
 * reconciler (src/policy/validate.ts). Without either check a rule that matches nothing would seem to be in force. Empty
 * texts are left to the minimum lengths of the schema.
 */

/** A name of Kubernetes: of namespaces. */
export const namespaceName: CelRule = {
  rule: "self == '' || self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
  message: 'the name of a namespace: lower-case letters, digits and - inside',
  messageExpression:
    "'expected the name of a namespace, got \\'' + self + '\\'' + (self.contains('*') ? '; names are no patterns: to select every namespace write selector: {}' : '; lower-case letters, digits and - inside')",
};

export const someNamespace: CelRule = {
  rule: '(has(self.names) && size(self.names) > 0) || has(self.selector)',
  message: 'names, selector or both are needed; an empty selector ({}) selects every namespace',
};

const LABEL_KEY = '^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$';
const LABEL_VALUE = '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$';

export const labelKey: CelRule = {
  rule: `self == '' || self.matches('${LABEL_KEY}')`,
  message: 'the key of a label, such as team or example.com/team',
  messageExpression:
    "'expected the key of a label such as team or example.com/team, got \\'' + self + '\\': no namespace can have it; letters, digits, -, _ and . after an optional domain and a slash'",
};

export const labelValue: CelRule = {
  rule: `self.matches('${LABEL_VALUE}')`,
  message: 'the value of a label',
  messageExpression:
    "'expected the value of a label, got \\'' + self + '\\': no namespace can have it; letters, digits, -, _ and . inside'",
};

export const labelKeys: CelRule = {
  rule: `self.all(key, key.matches('${LABEL_KEY}'))`,
  message: 'keys of labels, such as team or example.com/team',
  messageExpression: `'expected keys of labels such as team or example.com/team, got \\'' + self.filter(key, !key.matches('${LABEL_KEY}'))[0] + '\\': no namespace can have it'`,
};

/** Issuers are named one by one: any that a pattern would match besides could have tokens trusted. */
export const issuer: CelRule = {
  rule: "self in ['', 'cluster'] || (self.startsWith('https://') && size(self) > 8 && !self.contains('*'))",
  message: 'cluster, or the https URL of an issuer without a wildcard',
  messageExpression:
    "'expected cluster, or the URL of an issuer as the iss claim of its tokens has it (https://...), got \\'' + self + '\\'; ' + (self.contains('*') ? 'an issuer is no pattern: name each' : self.startsWith('http://') ? 'Entra reads keys over https only' : self.lowerAscii().contains('github') ? 'for GitHub Actions write https://token.actions.githubusercontent.com' : self.lowerAscii() in ['clutser', 'cluser', 'clsuter', 'custer', 'clster', 'clusters', 'cluster', 'kubernetes', 'self'] ? 'did you mean cluster?' : 'the only word is cluster, this cluster')",
};

/** `$(` begins a variable, and there is one. */
export const subjectPattern: CelRule = {
  rule: "!self.replace('$(namespace)', '').contains('$(')",
  message: '$(namespace) is the only variable',
  messageExpression:
    "'expected $(namespace) as the only variable, got \\'' + self.replace('$(namespace)', '').find('[$][(][^)]*[)]?') + '\\' in \\'' + self + '\\''",
};

export const role: CelRule = {
  rule: "!self.contains('*')",
  message: 'roles are no patterns: list each',
  messageExpression:
    "'expected the name of a built-in role or the GUID of a role, got \\'' + self + '\\'; roles are no patterns, as one would include Owner: list each'",
};

/** Zero, in any unit, would allow no grant. */
export const duration: CelRule = {
  rule: "self.matches('^([0-9]+d)?([0-9]+h)?([0-9]+m)?$') && self.matches('[1-9]')",
  message: 'a duration above zero in days, hours and minutes, such as 30d, 8h or 1d12h30m',
  messageExpression:
    "'expected a duration above zero in days, hours and minutes, such as 30d, 8h or 1d12h30m, got \\'' + self + '\\'; leave the field out for grants without an end'",
};

/** A rule that shuts out the identities of the namespace and lists no others. */
const somebody: CelRule = {
  rule: '!has(self.identityRefs) || self.identityRefs || (has(self.ids) && size(self.ids) > 0)',
  message:
    'identityRefs: false without ids allows nobody; list ids, or leave identityRefs out for identities of the namespace',
};

/** Whom a rule is about: identities of the namespace, others by their ids, or both. */
export const identityRefsOrIds = <T extends z.ZodType>(id: T, ids: string) =>
  z
    .object({
      identityRefs: z
        .boolean()
        .optional()
        .describe("Identities of the object's own namespace. Default: true."),
      ids: z.array(id).max(256).optional().meta({ 'x-kubernetes-list-type': 'set' }).describe(ids),
    })
    .optional()
    .meta({ 'x-kubernetes-validations': [somebody] });

/** A subscription or a resource group; what lies beneath is included. */
export const scope = shaped(
  z.string().max(200),
  /^\/subscriptions\/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(\/resource[gG]roups\/[-_.()a-zA-Z0-9]{0,89}[-_()a-zA-Z0-9])?$/,
  {
    expected:
      'a subscription or resource group: /subscriptions/<id> or /subscriptions/<id>/resourceGroups/<group>',
  },
);

export const identityId = shaped(
  z.string().max(400),
  /^\/subscriptions\/[0-9a-fA-F-]{36}\/resource[gG]roups\/[-_.()a-zA-Z0-9]{0,89}[-_()a-zA-Z0-9]\/providers\/[mM]icrosoft\.[mM]anaged[iI]dentity\/user[aA]ssigned[iI]dentities\/[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}$/,
  {
    expected:
      'the ARM id of a user-assigned identity: /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>',
    remedy: '`az identity show --query id` shows it',
  },
);

/** Anything a role can be granted on. */
export const grantScope = shaped(
  z.string().min(1).max(1024),
  /^\/$|^\/providers\/[mM]icrosoft\.[mM]anagement\/management[gG]roups\/[-_.()a-zA-Z0-9]{0,89}[-_()a-zA-Z0-9]$|^\/subscriptions\/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(\/[^/?#%\\]+)*$/,
  {
    expected: '/ (the tenant), or the ARM id of a management group, subscription, resource group or resource',
    cheaply:
      "self == '/' || !self.endsWith('/') && (self.startsWith('/providers/') && self.split('/').size() == 5 || self.startsWith('/subscriptions/') && self.split('/')[2].size() == 36)",
  },
);
