import { describe, expect, it } from 'vitest';
import type { ManagedObject } from '../../api/schema/common.ts';
import { isSettled, type ObjectRow, readinessOf } from './object-row.ts';

type Conditions = Readonly<Record<string, 'True' | 'False'>>;

function object(conditions: Conditions, observedGeneration = 2): ManagedObject {
  return {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'UserAssignedIdentity',
    metadata: { name: 'a', uid: 'u', resourceVersion: '1', creationTimestamp: '', generation: 2 },
    spec: {},
    status: {
      observedGeneration,
      conditions: Object.entries(conditions).map(([type, status]) => ({
        ...{ type, status, reason: `${type}Reason`, message: `${type} message` },
        lastTransitionTime: '2026-01-01T00:00:00Z',
      })),
    },
  };
}

describe('how an object stands', () => {
  it('is Ready when its Ready condition is True for this generation', () => {
    expect(readinessOf(object({ Ready: 'True' }))).toEqual({
      readiness: 'Ready',
      reason: 'ReadyReason',
      message: 'Ready message',
    });
  });

  it('is not Ready when the status is about an older spec', () => {
    expect(readinessOf(object({ Ready: 'True' }, 1)).readiness).toBe('NotReady');
  });

  it('is not Ready before the controller has reconciled it', () => {
    const { status: _, ...untouched } = object({});
    expect(readinessOf(untouched).readiness).toBe('NotReady');
    expect(readinessOf(object({})).readiness).toBe('NotReady');
  });

  it('is Stalled with the reason of Ready', () => {
    expect(readinessOf(object({ Ready: 'False', Stalled: 'True' }))).toEqual({
      readiness: 'Stalled',
      reason: 'ReadyReason',
      message: 'Ready message',
    });
    expect(readinessOf(object({ Ready: 'False', Stalled: 'False' })).readiness).toBe('NotReady');
  });

  it('is Deleting while finalizers keep it, Ready or not', () => {
    const live = object({ Ready: 'True' });
    const going = { ...live, metadata: { ...live.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
    expect(readinessOf(going).readiness).toBe('Deleting');
  });

  it('is settled only when Azure agrees, where Azure has something to say', () => {
    const ready: ObjectRow = {
      kind: 'K',
      key: 'a',
      readiness: 'Ready',
      reason: '',
      message: '',
      differences: [],
    };
    expect(isSettled(ready)).toBe(true);
    expect(isSettled({ ...ready, differences: undefined })).toBe(true);
    expect(isSettled({ ...ready, differences: ['tag app: expected shop, found none'] })).toBe(false);
    expect(isSettled({ ...ready, readiness: 'NotReady' })).toBe(false);
  });
});
