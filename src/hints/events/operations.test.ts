import { expect, test } from 'vitest';
import { HOST_CAPABILITIES } from '../../azure/hosts/capabilities.ts';
import { effectOf } from './operations.ts';

test('each type of host that azid knows is heard of, written or deleted, and of its actions only a swap', () => {
  for (const { type } of HOST_CAPABILITIES) {
    expect([type, effectOf(`${type}/write`).acts, effectOf(`${type}/delete`).acts]).toEqual([
      type,
      'attempted',
      'attempted',
    ]);
    expect(effectOf(`${type}/restart/action`).acts).toBe('no');
  }
});
