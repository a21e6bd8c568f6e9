import { describe, expect, it } from 'vitest';
import type { IdentityPolicy, IdentityPolicySpec } from '../api/identity-policy.ts';
import { describeConflicts } from './defaults.ts';
import { evaluate } from './evaluate.ts';

const SUB = '/subscriptions/00000000-0000-0000-0000-000000000001';
const identity = (group: string, name = 'web') =>
  `${SUB}/resourceGroups/${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;

function policy(name: string, spec: IdentityPolicySpec): IdentityPolicy {
  return {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'IdentityPolicy',
    metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec,
  };
}

const teamA = { name: 'team-a', labels: { team: 'a', env: 'prod' } };

describe('selection', () => {
  const cases: { title: string; namespaces: IdentityPolicySpec['namespaces']; selected: boolean }[] = [
    { title: 'a name', namespaces: { names: ['team-a'] }, selected: true },
    { title: 'another name', namespaces: { names: ['team-b'] }, selected: false },
    { title: 'an empty selector', namespaces: { selector: {} }, selected: true },
    { title: 'a label', namespaces: { selector: { matchLabels: { team: 'a' } } }, selected: true },
    {
      title: 'one of two labels',
      namespaces: { selector: { matchLabels: { team: 'a', env: 'dev' } } },
      selected: false,
    },
    {
      title: 'a name although the selector fails',
      namespaces: { names: ['team-a'], selector: { matchLabels: { team: 'b' } } },
      selected: true,
    },
    {
      title: 'In',
      namespaces: {
        selector: { matchExpressions: [{ key: 'env', operator: 'In', values: ['prod', 'dev'] }] },
      },
      selected: true,
    },
    {
      title: 'In, missing label',
      namespaces: { selector: { matchExpressions: [{ key: 'x', operator: 'In', values: ['prod'] }] } },
      selected: false,
    },
    {
      title: 'NotIn',
      namespaces: { selector: { matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['prod'] }] } },
      selected: false,
    },
    {
      title: 'NotIn, missing label',
      namespaces: { selector: { matchExpressions: [{ key: 'x', operator: 'NotIn', values: ['prod'] }] } },
      selected: true,
    },
    {
      title: 'Exists',
      namespaces: { selector: { matchExpressions: [{ key: 'env', operator: 'Exists' }] } },
      selected: true,
    },
    {
      title: 'DoesNotExist',
      namespaces: { selector: { matchExpressions: [{ key: 'env', operator: 'DoesNotExist' }] } },
      selected: false,
    },
  ];
  it.each(cases)('$title: $selected', ({ namespaces, selected }) => {
    expect(evaluate([policy('p', { namespaces })], teamA).policies).toEqual(selected ? ['p'] : []);
  });
});

describe('permission', () => {
  const scoped = policy('scoped', {
    namespaces: { names: ['team-a'] },
    identities: { scopes: [`${SUB}/resourceGroups/rg1`] },
  });

  it('is denied without a policy', () => {
    const verdict = evaluate([], teamA).allowsIdentity(identity('rg1'));
    expect(verdict).toMatchObject({
      allowed: false,
      message: expect.stringContaining('no IdentityPolicy selects namespace team-a'),
    });
  });

  it('covers what lies beneath a scope, whatever the case, and not a group whose name begins alike', () => {
    const allowed = evaluate([scoped], teamA);
    expect(allowed.allowsIdentity(identity('RG1'))).toEqual({ allowed: true, policy: 'scoped' });
    expect(allowed.allowsIdentity(identity('rg10')).allowed).toBe(false);
  });

  it('is the union of the policies', () => {
    const other = policy('other', {
      namespaces: { selector: {} },
      identities: { scopes: [`${SUB}/resourceGroups/rg2`] },
    });
    const both = evaluate([scoped, other], teamA);
    expect(both.allowsIdentity(identity('rg1')).allowed).toBe(true);
    expect(both.allowsIdentity(identity('rg2')).allowed).toBe(true);
  });

  it('ends when the policy is being deleted', () => {
    const leaving = {
      ...scoped,
      metadata: { ...scoped.metadata, deletionTimestamp: '2026-01-02T00:00:00Z' },
    };
    expect(evaluate([leaving], teamA).allowsIdentity(identity('rg1')).allowed).toBe(false);
  });

  it('to make identities in a group is no permission to adopt there', () => {
    expect(evaluate([scoped], teamA).allowsAdoption(identity('rg1')).allowed).toBe(false);
  });

  it('to adopt names the id exactly, whatever the case', () => {
    const adopting = policy('adopting', {
      namespaces: { selector: {} },
      adoption: { identityIds: [identity('RG1', 'Web')] },
    });
    const allowed = evaluate([adopting], teamA);
    expect(allowed.allowsAdoption(identity('rg1', 'web'))).toEqual({ allowed: true, policy: 'adopting' });
    expect(allowed.allowsAdoption(identity('rg1', 'web2')).allowed).toBe(false);
  });
});

describe('defaults', () => {
  const all = { selector: {} };
  it('of several policies are merged', () => {
    const merged = evaluate(
      [
        policy('a', { namespaces: all, defaults: { location: 'westeurope', tags: { team: 'a' } } }),
        policy('b', { namespaces: all, defaults: { resourceGroup: 'rg1', tags: { cost: '7' } } }),
      ],
      teamA,
    );
    expect(merged.conflicts).toEqual([]);
    expect(merged.defaults).toEqual({
      location: 'westeurope',
      resourceGroup: 'rg1',
      tags: { team: 'a', cost: '7' },
    });
  });

  it('of one region in two spellings agree', () => {
    const merged = evaluate(
      [
        policy('a', { namespaces: all, defaults: { location: 'West Europe' } }),
        policy('b', { namespaces: all, defaults: { location: 'westeurope' } }),
      ],
      teamA,
    );
    expect(merged.conflicts).toEqual([]);
  });

  it('that contradict each other are no default, and the conflict names both', () => {
    const merged = evaluate(
      [
        policy('b', { namespaces: all, defaults: { location: 'westeurope' } }),
        policy('a', { namespaces: all, defaults: { location: 'northeurope' } }),
      ],
      teamA,
    );
    expect(merged.defaults.location).toBeUndefined();
    expect(describeConflicts(merged)).toContain(
      "defaults.location is 'northeurope' in a and 'westeurope' in b",
    );
  });

  it('that differ only in the case of a tag name or a group are the same', () => {
    const merged = evaluate(
      [
        policy('a', { namespaces: all, defaults: { resourceGroup: 'RG1', tags: { Team: 'a' } } }),
        policy('b', { namespaces: all, defaults: { resourceGroup: 'rg1', tags: { team: 'a' } } }),
      ],
      teamA,
    );
    expect(merged.conflicts).toEqual([]);
    expect(merged.defaults).toEqual({ resourceGroup: 'RG1', tags: { Team: 'a' } });
  });
});
