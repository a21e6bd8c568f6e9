import { expect, it } from 'vitest';
import { endAll, endWithFile, hasEnded } from './end-of-file.ts';

it('what a file leaves is ended, the last one first, and what has ended by itself is not', async () => {
  const ended: string[] = [];
  const [operator, server, gone] = [{}, {}, {}];
  endWithFile(server, async () => ended.push('server'));
  endWithFile(operator, async () => ended.push('operator'));
  endWithFile(gone, async () => ended.push('gone'));
  hasEnded(gone);
  await endAll();
  await endAll();
  expect(ended).toEqual(['operator', 'server']);
});

it('what cannot be ended keeps nothing else from its end, and is told', async () => {
  const ended: string[] = [];
  endWithFile({}, async () => ended.push('server'));
  endWithFile({}, async () => {
    throw new Error('stuck');
  });
  await expect(endAll()).rejects.toThrow('could not be ended');
  expect(ended).toEqual(['server']);
});
