import { expect, test } from 'vitest';
import { FakeClock } from '../runtime/time/fake-clock.fixture.ts';
import { COMPUTE } from './limits.ts';
import { RequestScheduler } from './requests/request-scheduler.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('a virtual machine takes ten updates at once and then one in 17 s; others, and reads, do not wait for it', async () => {
  const clock = new FakeClock();
  const scheduler = new RequestScheduler({ clock });
  const started: string[] = [];
  const call = (resourceId: string, kind: 'write' | 'read' = 'write') =>
    void scheduler.run(
      {
        tenantId: 't',
        subscriptionId: 's',
        credential: 'c',
        provider: COMPUTE,
        priority: 'edit',
        kind,
        resourceId,
      },
      async () => void started.push(`${kind} ${resourceId}`),
    );
  for (let n = 0; n < 12; n++) call('/vm/a');
  for (const each of ['/vm/b', '/vm/c']) call(each);
  for (let n = 0; n < 20; n++) call('/vm/a', 'read');
  await settle();
  const count = (what: string) => started.filter((each) => each === what).length;
  expect(['write /vm/a', 'write /vm/b', 'write /vm/c', 'read /vm/a'].map(count)).toEqual([10, 1, 1, 20]);
  // 10.8 tokens at first, and 0.06 a second: 0.2 and 1 more.
  clock.advance(3_400);
  await settle();
  expect(count('write /vm/a')).toBe(11);
  clock.advance(16_000);
  await settle();
  expect(count('write /vm/a')).toBe(11);
  clock.advance(700);
  await settle();
  expect(count('write /vm/a')).toBe(12);
});
