import { describe, expect, it } from 'vitest';
import type { ManagedObject } from '../../api/schema/common.ts';
import { isRefusedByAzure } from './predicates.ts';

const object = (reason: string | undefined, observedGeneration = 2): ManagedObject => ({
  apiVersion: 'azid.dev/v1alpha1',
  kind: 'RoleGrant',
  metadata: {
    name: 'a',
    namespace: 'b',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '',
    generation: 2,
  },
  spec: {},
  status: {
    conditions:
      reason === undefined
        ? []
        : [
            {
              type: 'Stalled',
              status: 'True',
              reason,
              message: '',
              lastTransitionTime: '',
              observedGeneration,
            },
          ],
  },
});

describe('an object that Azure refuses', () => {
  it.each([
    ['as it is declared now', object('RejectedByAzure'), true],
    ['before an edit that Azure was not asked about', object('RejectedByAzure', 1), false],
    ['by no word of Azure: it stands in line behind another', object('ConflictingGrant'), false],
    ['by no word of Azure: the identity is full', object('CredentialLimit'), false],
    ['by no word of Azure: another has it', object('OwnedByAnother'), false],
    ['not at all', object(undefined), false],
  ])('%s', (_, given, refused) => expect(isRefusedByAzure(given)).toBe(refused));
});
