import { expect, it } from 'vitest';
import { instanceOf, isOfPod } from './leadership.ts';

const UID = '5f0d3c1a-7b1e-4c5d-8a2f-6e9b0c4d2a11';
const OTHER = '6f0d3c1a-7b1e-4c5d-8a2f-6e9b0c4d2a11';

it('the name of a process shows its pod, and no other pod takes it for its own', () => {
  const name = instanceOf('azid-controller-7d9c-x2x4', 'ab12cd34', UID);
  expect(name).toBe(`azid-controller-7d9c-x2x4_${UID}_ab12cd34`);
  expect([isOfPod(name, UID), isOfPod(name, OTHER)]).toEqual([true, false]);
});

it('a process outside of a pod, or of an earlier version, is no process’s predecessor', () => {
  const name = instanceOf('host-1', 'ab12cd34', undefined);
  expect(name).toBe('host-1-ab12cd34');
  for (const holder of [name, UID, `_${OTHER}_x`, '']) expect(isOfPod(holder, UID)).toBe(false);
});
