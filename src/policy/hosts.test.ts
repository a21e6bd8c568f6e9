import { describe, expect, it } from 'vitest';
import type { IdentityPolicy, IdentityPolicySpec } from '../api/identity-policy.ts';
import { type AttachmentRequest, allowsAttachment, allowsSelector, allowsSystemAssigned } from './hosts.ts';

const SUB = '/subscriptions/11111111-2222-4333-8444-555555555555';
const RG = `${SUB}/resourceGroups/shop`;
const VM = `${RG}/providers/Microsoft.Compute/virtualMachines/web`;
const VMS = 'Microsoft.Compute/virtualMachines';
const IDENTITY = `${RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app`;
const namespace = { name: 'team-a' };

function policy(spec: Partial<IdentityPolicySpec>, name = 'shop'): IdentityPolicy {
  return {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'IdentityPolicy',
    metadata: { name, uid: name, creationTimestamp: '2026-11-23T10:00:00Z' },
    spec: { namespaces: { names: ['team-a'] }, ...spec },
  } as IdentityPolicy;
}

const request: AttachmentRequest = {
  hostId: VM,
  type: VMS,
  known: true,
  adopt: false,
  bySelector: false,
  identity: { identityRef: true },
};
const rule = { types: [VMS], scopes: [RG] };
const message = (verdict: { allowed: boolean; message?: string }) => verdict.message ?? 'allowed';

describe('attachments', () => {
  const ask = (spec: Partial<IdentityPolicySpec>, change: Partial<AttachmentRequest> = {}) =>
    message(allowsAttachment([policy(spec)], namespace, { ...request, ...change }));

  it('are denied without a policy, and without a rule', () => {
    expect(message(allowsAttachment([], namespace, request))).toContain('no IdentityPolicy selects');
    expect(ask({})).toContain('allows resource');
    expect(ask({ systemAssigned: [rule] })).toContain('allows resource');
  });

  it.each<[string, Partial<typeof rule>, Partial<AttachmentRequest>, string]>([
    ['the resource beneath the scope', {}, {}, 'allowed'],
    ['ids and types in any case', { types: [VMS.toUpperCase()] }, { hostId: VM.toUpperCase() }, 'allowed'],
    ['the resource itself as scope', { scopes: [VM] }, {}, 'allowed'],
    ['another group', { scopes: [`${SUB}/resourceGroups/shop2`] }, {}, 'in scopes'],
    ['a group whose name only begins so', { scopes: [`${SUB}/resourceGroups/sho`] }, {}, 'in scopes'],
    ['another type', { types: ['Microsoft.Web/sites'] }, {}, `allows type ${VMS}`],
    ['every known type', { types: ['*'] }, {}, 'allowed'],
    [
      'an unknown type under *',
      { types: ['*'] },
      { type: 'Contoso.Things/boxes', known: false },
      'must be named',
    ],
    [
      'an unknown type by name',
      { types: ['Contoso.Things/boxes'] },
      { type: 'contoso.things/boxes', known: false },
      'allowed',
    ],
    ['a selector', {}, { bySelector: true }, 'selectors: true'],
    ['an identity by its ARM id', {}, { identity: { id: IDENTITY } }, 'identities.ids'],
    ['taking over', {}, { adopt: true }, '(adopt)'],
  ])('%s', (_, change, asked, expected) => {
    expect(ask({ attachments: [{ ...rule, ...change }] }, asked)).toContain(expected);
  });

  it('need one rule that allows everything together', () => {
    const bySelector = { ...rule, scopes: [`${SUB}/resourceGroups/lab`], selectors: true };
    expect(ask({ attachments: [rule, bySelector] }, { bySelector: true })).toContain('selectors: true');
    expect(ask({ attachments: [rule, { ...bySelector, scopes: [SUB] }] }, { bySelector: true })).toBe(
      'allowed',
    );
  });

  it('by ARM id are allowed where the id is listed; identities of the namespace may be shut out', () => {
    const identities = { identityRefs: false, ids: [IDENTITY.toLowerCase()] };
    const spec = { attachments: [{ ...rule, identities }] };
    expect(ask(spec, { identity: { id: IDENTITY } })).toBe('allowed');
    expect(ask(spec)).toContain('identityRefs');
  });

  it('name the policy that allows', () => {
    const policies = [policy({}, 'a'), policy({ attachments: [rule] }, 'b')];
    expect(allowsAttachment(policies, namespace, request)).toEqual({ allowed: true, policy: 'b' });
  });
});

describe('system-assigned identities', () => {
  const ask = (spec: Partial<IdentityPolicySpec>, change = {}) =>
    message(allowsSystemAssigned([policy(spec)], namespace, { ...request, ...change }));

  it('have rules of their own', () => {
    expect(ask({ attachments: [rule] })).toContain('allows resource');
    expect(ask({ systemAssigned: [rule] })).toBe('allowed');
    expect(ask({ systemAssigned: [rule] }, { adopt: true })).toContain('(adopt)');
    expect(ask({ systemAssigned: [{ ...rule, adopt: true }] }, { adopt: true })).toBe('allowed');
  });
});

describe('selectors', () => {
  const ask = (scope: string, spec: Partial<IdentityPolicySpec>) =>
    message(allowsSelector([policy(spec)], namespace, { scope, type: VMS, known: true }));

  it('may select where a rule with selectors reaches, from above or beneath', () => {
    const selectors = { ...rule, selectors: true };
    expect(ask(SUB, { attachments: [selectors] })).toBe('allowed');
    expect(ask(RG, { attachments: [{ ...selectors, scopes: [SUB] }] })).toBe('allowed');
    expect(ask(`${SUB}/resourceGroups/other`, { attachments: [selectors] })).toContain('allows resources in');
    expect(ask(SUB, { attachments: [rule] })).toContain('selectors: true');
    expect(ask(SUB, { attachments: [{ ...selectors, types: ['Microsoft.Web/sites'] }] })).toContain('type');
  });
});
