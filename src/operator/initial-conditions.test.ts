import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { IdentityAttachment } from '../api/identity-attachment.ts';
import { emptyStores, meta, put } from '../reconcilers/stores.fixture.ts';
import { silentLog } from '../runtime/log.ts';
import type { Outcome } from '../runtime/outcome.ts';
import { FakeClock } from '../runtime/time/fake-clock.fixture.ts';
import { InitialConditions } from './initial-conditions.ts';

const READY = { conditions: [{ type: 'Ready', status: 'True' }] };
let stop: AbortController;
let run: Promise<void> | undefined;
let begun: string[];
let ends: ((outcome: Outcome) => void)[];
let clock: FakeClock;
let store: ReturnType<typeof emptyStores>['attachments'];

beforeEach(() => {
  store = emptyStores().attachments;
  [stop, begun, ends, clock] = [new AbortController(), [], [], new FakeClock()];
});

afterEach(async () => {
  stop.abort();
  for (const end of ends) end({ type: 'done' });
  await run;
});

function add(
  key: string,
  more: { readonly status?: object; readonly deletionTimestamp?: string } = {},
): void {
  const [namespace = '', name = ''] = key.split('/');
  const { status, ...rest } = more;
  put(store, {
    metadata: meta(name, { namespace, ...rest }),
    spec: { target: {} },
    status,
  } as unknown as IdentityAttachment);
}

function start(): InitialConditions<IdentityAttachment> {
  const firsts = new InitialConditions({
    kind: 'identityattachment',
    store,
    writeInitialCondition: ({ key }) => {
      begun.push(key);
      return new Promise((resolve) => ends.push(resolve));
    },
    clock,
    random: () => 0.5,
    log: silentLog,
    outcomeOf: () => undefined,
  });
  run = firsts.controller.run(stop.signal);
  return firsts;
}

async function turns(count = 10): Promise<void> {
  for (let n = 0; n < count; n++) await turn();
}

it('are for objects that have none, there before or made since, and for nothing else', async () => {
  add('before/new');
  add('before/known', { status: READY });
  add('before/going', { deletionTimestamp: '2026-11-28T10:00:00Z' });
  using _firsts = start();
  add('since/new');
  add('since/known', { status: READY });
  await turns();
  expect(begun).toEqual(['before/new', 'since/new']);
});

it('are written a few at a time, namespaces taking turns, and each once', async () => {
  using firsts = start();
  for (let n = 0; n < 100; n++) add(`many/${n}`);
  add('many/0');
  add('few/new');
  await turns();
  expect(begun).toHaveLength(8);
  expect(begun).toContain('few/new');
  ends[0]?.({ type: 'done' });
  await turns();
  expect(begun).toHaveLength(9);
  expect(new Set(begun).size).toBe(begun.length);
  expect(firsts.controller.idle()).toBe(false);
});

it('are asked for what is gone, too, since nothing else may have reconciled it', async () => {
  add('since/known', { status: READY });
  using _firsts = start();
  const object = store.get('since/known');
  if (object) store.recordDelete(object);
  await turns();
  expect(begun).toEqual(['since/known']);
});

it('cost nothing where nothing is new', async () => {
  using firsts = start();
  await turns();
  add('since/known', { status: READY });
  await turns();
  expect(begun.filter((key) => key === 'since/known')).toEqual([]);
  expect(clock.untilNext()).toBeUndefined();
  expect(firsts.queue.snapshot().delayed).toEqual({ edit: 0, event: 0, resync: 0 });
});
