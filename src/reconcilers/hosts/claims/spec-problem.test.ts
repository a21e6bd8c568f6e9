import { describe, expect, it } from 'vitest';
import type { IdentityAttachmentSpec } from '../../../api/identity-attachment.ts';
import {
  attachment,
  fleet,
  GROUP,
  IDENTITY_ID,
  SUBSCRIPTION,
  vmId,
} from '../../identity-attachment/facts.fixture.ts';
import { problemOf } from './spec.ts';

const VMS = `${GROUP}/providers/Microsoft.Compute/virtualMachines`;
const VM_TYPE = 'Microsoft.Compute/virtualMachines';
const ODD = `${GROUP}/providers/Contoso.Things/boxes/b`;
const named = (resourceId: string, more: Partial<IdentityAttachmentSpec> = {}) =>
  attachment({ spec: { target: { resourceId }, ...more } });
const selecting = (type: string, more: Partial<IdentityAttachmentSpec> = {}) =>
  fleet({ spec: { target: { selector: { subscriptionId: SUBSCRIPTION, type, all: true } }, ...more } });

describe('a spec that no call to Azure could mend', () => {
  it.each([
    ['half a resource', named(`${VMS}`), 'InvalidResourceId', 'spec.target.resourceId: Expected'],
    ['a resource group', named(GROUP), 'InvalidResourceId', 'Expected the ARM id of a resource'],
    ['characters that no id has', named(vmId('a%2fb')), 'InvalidResourceId', 'Expected an ARM id'],
    [
      'a resource on a resource',
      named(`${vmId('vm1')}/providers/Microsoft.Insights/diagnosticSettings/x`),
      'InvalidResourceId',
      'Expected the ARM id of a resource',
    ],
    [
      'a letter that passes for another',
      named(vmId('wor\u212aer')),
      'InvalidResourceId',
      'spec.target.resourceId: expected letters that stand for themselves, got U+212A',
    ],
    [
      'white space at the end',
      named(vmId('vm1\u00a0')),
      'InvalidResourceId',
      'spec.target.resourceId: expected no white space at the ends, got U+00A0',
    ],
    ['an identity as the resource', named(IDENTITY_ID), 'InvalidResourceId', 'got the identity'],
    [
      'identities as the type',
      selecting('microsoft.managedidentity/userAssignedIdentities'),
      'UnsupportedType',
      '',
    ],
    [
      'an identity that is none',
      attachment({ spec: { identityId: vmId('vm1') } }),
      'InvalidIdentityId',
      'spec.identityId: Expected the ARM id of a user-assigned identity',
    ],
    [
      'a selector that says neither which nor all',
      fleet({ spec: { target: { selector: { subscriptionId: SUBSCRIPTION, type: VM_TYPE } } } }),
      'SelectorTooWide',
      `spec.target.selector: expected tags that a resource must have, or all: true for every ${VM_TYPE} in /subscriptions/${SUBSCRIPTION}; got neither`,
    ],
    [
      'a selector with an empty map of tags',
      fleet({ spec: { target: { selector: { subscriptionId: SUBSCRIPTION, type: VM_TYPE, tags: {} } } } }),
      'SelectorTooWide',
      'nothing is chosen and what stands is kept',
    ],
    ['a type azid does not know', named(ODD), 'UnsupportedType', 'spec.apiVersion'],
    [
      'a type azid does not know, selected',
      selecting('Contoso.Things/boxes'),
      'UnsupportedType',
      'spec.target.selector.type',
    ],
    [
      'an API version for a type azid knows',
      named(vmId('vm1'), { apiVersion: '2024-07-01' }),
      'InvalidApiVersion',
      'remove it',
    ],
  ])('%s', (_, object, reason, says) => {
    const problem = problemOf(object);
    expect(problem?.reason).toBe(reason);
    expect(problem?.message).toContain(says);
  });

  it.each([
    ['a virtual machine', named(vmId('vm1'))],
    ['a slot', named(`${GROUP}/providers/Microsoft.Web/sites/app/slots/staging`)],
    ['an unknown type with its API version', named(ODD, { apiVersion: '2024-01-01' })],
    ['a selector in any case', selecting('microsoft.compute/VIRTUALMACHINES')],
  ])('not %s', (_, object) => {
    expect(problemOf(object)).toBeUndefined();
  });
});
