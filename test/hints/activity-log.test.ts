import { describe, expect, test } from 'vitest';
import { ActivityLog } from '../../src/azure/activity-log.ts';
import { AreasInUse, SubscriptionsInUse } from '../../src/cache/lists/areas-in-use.ts';
import { ActivityLogPoller } from '../../src/hints/activity-log/poller.ts';
import { Positions } from '../../src/hints/activity-log/positions.ts';
import type { Hint, HintEffect } from '../../src/hints/hint.ts';
import { KubeError } from '../../src/kube/errors.ts';
import { type Fields, type Log, silentLog } from '../../src/runtime/log.ts';
import type { Clock } from '../../src/runtime/time/clock.ts';
import type { RigOptions } from '../azure/rig.ts';
import { minute, startStage, turn } from '../cache/stage.ts';

const HOUR = 60 * minute;
const OTHER = '99999999-2222-4333-8444-555555555555';

/** Wall ms. */
function fromOf(poll: { readonly path: string } | undefined): number {
  const filter = new URL(poll?.path ?? '', 'https://x').searchParams.get('$filter') ?? '';
  return Date.parse(/eventTimestamp ge '([^']+)'/.exec(filter)?.[1] ?? '');
}

/** A poller on the fake clock over a simulated Azure, whose hints are kept instead of followed. */
async function setup(options: RigOptions & { readonly kept?: Record<string, string> } = {}) {
  const stage = await startStage(options);
  const { azure, clock, stopping, access, scheduler, subscriptionId } = stage;
  const lines: { level: string; fields: Fields; message: string }[] = [];
  const at = (level: string) => (fields: Fields, message: string) =>
    void lines.push({ level, fields, message });
  const log: Log = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  };
  const kept = new Map(Object.entries(options.kept ?? {}));
  let patches = 0;
  const client = {
    get: async () => ({ metadata: {}, data: Object.fromEntries(kept) }),
    create: async () => expect.fail('it is there'),
    mergePatch: async (_: unknown, key: string, { data }: { data: Record<string, string | null> }) => {
      expect(key).toBe('azid-system/azid-activity-log');
      patches++;
      for (const [name, text] of Object.entries(data))
        if (text === null) kept.delete(name);
        else kept.set(name, text);
    },
  } as unknown as ConstructorParameters<typeof Positions>[0]['client'];
  const names = { namespace: 'azid-system', name: 'azid-activity-log' };
  const inUse = new AreasInUse();
  const received = { actionable: 0, passedOver: 0 };
  const failures: string[] = [];
  const hints: Hint[] = [];
  let effect: (hint: Hint) => HintEffect = () => 'read';
  /** @param offMs by how much the clock of azid's machine is ahead of Azure's */
  const start = (offMs = 0) => {
    const own: Clock = {
      now: () => clock.now() + offMs,
      monotonic: () => clock.monotonic(),
      timer: (ms, fn) => clock.timer(ms, fn),
    };
    return new ActivityLogPoller({
      activityLog: new ActivityLog({
        access,
        scheduler,
        clock,
        tenantId: azure.tenantId,
        credential: 'azid',
      }),
      sink: {
        take(hint) {
          hints.push(hint);
          return effect(hint);
        },
      },
      positions: new Positions({ client, ...names, clock: own, log, signal: stopping.signal }),
      subscriptions: new SubscriptionsInUse([{ inUse, subscriptionOf: (area) => area }]),
      clock: own,
      random: () => 0.5,
      log,
      metrics: {
        received: (count, { actionable }) => {
          received[actionable ? 'actionable' : 'passedOver'] += count;
        },
        age: () => {},
        failed: ({ reason }) => void failures.push(reason),
      },
    });
  };
  /** In small steps, so that calls end when they would. */
  const pass = async (ms: number) => {
    for (const end = clock.monotonic() + ms; clock.monotonic() < end; ) {
      await stage.quiet();
      clock.advance(Math.min(30_000, end - clock.monotonic()));
      for (let n = 0; n < 8; n++) await turn();
    }
    await stage.quiet();
  };
  const polls = (since = 0) =>
    azure
      .requests(since)
      .filter(({ operation, caller }) => operation === 'activityLogs.list' && caller === 'controller');
  const write = async (name: string, method: 'PUT' | 'DELETE' = 'PUT', subscription = subscriptionId) => {
    const path = stage.id(name).replace(subscriptionId, subscription);
    const answer = await azure.control.arm({
      method,
      path: `${path}?api-version=2024-11-30`,
      ...(method === 'PUT' && { body: { location: 'westeurope' } }),
    });
    expect(answer.status).toBeLessThan(300);
    return answer;
  };
  const named = () => hints.map(({ id, change, result }) => `${id.split('/').at(-1)} ${change} ${result}`);
  const say = (next: typeof effect) => {
    effect = next;
  };
  inUse.use('ns/a', [subscriptionId]);
  return {
    ...stage,
    start,
    pass,
    polls,
    write,
    named,
    say,
    hints,
    lines,
    kept,
    inUse,
    received,
    failures,
    get patches() {
      return patches;
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await azure.stop();
    },
  };
}

describe('what somebody writes in Azure', () => {
  test('is a hint within 5 min of its record, once, with who it was', async () => {
    await using it = await setup();
    await using _poller = it.start();
    await it.pass(minute);
    const { headers } = await it.write('app');
    await it.pass(5 * minute);
    expect(it.hints).toMatchObject([
      {
        source: 'record',
        operation: 'Microsoft.ManagedIdentity/userAssignedIdentities/write',
        change: 'write',
        result: 'Succeeded',
        correlationId: headers['x-ms-correlation-request-id'],
        caller: { objectId: expect.any(String), appId: expect.any(String) },
      },
    ]);
    expect(it.hints[0]?.id.toLowerCase()).toBe(it.id('app').toLowerCase());
    expect(JSON.stringify(it.hints)).not.toMatch(/tenantid|aud/i);
    // Ranges overlap for half an hour.
    await it.pass(HOUR);
    expect(it.hints).toHaveLength(1);
    expect(it.received).toEqual({ actionable: 1, passedOver: 1 });
  });

  test('to credentials and assignments is, too; to what azid does not read is not', async () => {
    await using it = await setup();
    await using _poller = it.start();
    await it.write('app');
    const put = (path: string, version: string, properties: object) =>
      it.azure.control.arm({ method: 'PUT', path: `${path}?api-version=${version}`, body: { properties } });
    await put(`${it.id('app')}/federatedIdentityCredentials/main`, '2024-11-30', {
      issuer: 'https://issuer.example/',
      subject: 'one',
      audiences: ['api://AzureADTokenExchange'],
    });
    await put(
      `${it.group}/providers/Microsoft.Authorization/roleAssignments/0f0f0f0f-0000-4000-8000-000000000001`,
      '2022-04-01',
      {
        roleDefinitionId: `${it.subscription}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7`,
        principalId: it.objectId,
        principalType: 'ServicePrincipal',
      },
    );
    await put(`${it.group}/providers/Microsoft.Authorization/locks/keep`, '2020-05-01', {
      level: 'CanNotDelete',
    });
    await it.pass(6 * minute);
    expect(it.hints.map(({ operation }) => operation).toSorted()).toEqual([
      'Microsoft.Authorization/roleAssignments/write',
      'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write',
      'Microsoft.ManagedIdentity/userAssignedIdentities/write',
    ]);
  });

  test('that is late in the log by 20 min is not passed over by what came before it', async () => {
    await using it = await setup();
    await using _poller = it.start();
    await it.pass(minute);
    it.azure.control.setKnobs({ propagation: { activityLogLagMs: 20 * minute } });
    await it.write('late');
    it.azure.control.setKnobs({ propagation: { activityLogLagMs: 0 } });
    await it.pass(15 * minute);
    await it.write('soon');
    await it.pass(24 * minute);
    expect(it.named()).toEqual(['soon write Succeeded', 'late write Succeeded']);
  });

  test('is handed on whole, over pages', async () => {
    await using it = await setup();
    it.azure.control.setKnobs({ paging: { pageSize: 3 } });
    for (const name of ['one', 'two', 'three', 'four']) {
      await it.write(name);
      it.clock.advance(1_000);
    }
    await using _poller = it.start();
    await it.pass(2 * minute);
    expect(it.named().toSorted()).toEqual(
      ['four', 'one', 'three', 'two'].map((name) => `${name} write Succeeded`),
    );
    expect(it.polls().filter(({ path }) => path.includes('skiptoken')).length).toBeGreaterThan(1);
  });
});

describe('what it costs', () => {
  test('24 calls an hour and subscription, and none where nobody needs one', async () => {
    await using it = await setup();
    it.azure.control.createSubscription({ id: OTHER });
    await using _poller = it.start();
    await it.pass(5 * minute);
    const before = it.azure.requests().length;
    await it.pass(HOUR);
    expect(it.polls(before)).toHaveLength(24);
    expect(it.polls().every(({ path }) => !path.includes(OTHER))).toBe(true);
  });

  test('nothing is asked for but what is used, in the one form that is documented', async () => {
    await using it = await setup();
    await using _poller = it.start();
    await it.pass(2 * minute);
    for (const { path } of it.polls()) {
      const query = new URL(path, 'https://x').searchParams;
      expect(query.get('$filter')).toMatch(
        /^eventTimestamp ge '\S+Z' and eventTimestamp le '\S+Z' and resourceProvider eq 'Microsoft\.\w+'$/,
      );
      expect(query.get('$select')).not.toMatch(/properties|httpRequest|authorization/);
    }
  });

  test('a subscription that nobody needs any more is asked no more, and forgotten', async () => {
    await using it = await setup();
    await using poller = it.start();
    await it.write('app');
    await it.pass(20 * minute);
    expect(it.kept.size).toBe(2);
    it.inUse.use('ns/a', []);
    const before = it.azure.requests().length;
    await it.pass(HOUR);
    expect(it.polls(before)).toEqual([]);
    expect(poller.parts()).toEqual([]);
    expect(it.kept.size).toBe(0);
  });

  test('a quiet day makes no write, and its ranges do not grow', async () => {
    await using it = await setup();
    const upTo = new Date(it.clock.now() - 20 * HOUR).toISOString();
    for (const provider of ['ManagedIdentity', 'Authorization'])
      it.kept.set(`${it.subscriptionId}.Microsoft.${provider}`, upTo);
    await using _poller = it.start();
    await it.pass(10 * HOUR);
    expect(it.patches).toBe(0);
    expect(it.clock.now() - fromOf(it.polls().at(-1))).toBeLessThan(25 * HOUR);
  });
});

describe('failures', () => {
  test('of one page lose nothing and double nothing', async () => {
    await using it = await setup();
    it.azure.control.setKnobs({ paging: { pageSize: 2 } });
    for (const name of ['one', 'two', 'three']) {
      await it.write(name);
      it.clock.advance(1_000);
    }
    it.azure.control.addFault({
      operation: 'activityLogs.list',
      path: '$skiptoken',
      count: 2,
      effect: { kind: 'status', status: 503 },
    });
    await using _poller = it.start();
    await it.pass(5 * minute);
    expect(it.named().toSorted()).toEqual(['one', 'three', 'two'].map((name) => `${name} write Succeeded`));
    expect(it.failures.length).toBeGreaterThan(0);
    expect(it.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    expect(it.lines.map(({ message }) => message)).toContain('the Activity Log is read again');
  });

  test('of one subscription stop no other', async () => {
    await using it = await setup();
    it.azure.control.createSubscription({ id: OTHER });
    it.azure.control.createResourceGroup({ name: 'rg1', subscriptionId: OTHER });
    it.azure.control.addFault({
      operation: 'activityLogs.list',
      path: it.subscriptionId,
      effect: { kind: 'reset', when: 'before' },
    });
    it.inUse.use('ns/b', [OTHER]);
    await using _poller = it.start();
    await it.write('app', 'PUT', OTHER);
    await it.pass(6 * minute);
    expect(it.named()).toEqual(['app write Succeeded']);
  });

  test('by a missing right are said once, by name and with the remedy, and asked about slowly', async () => {
    await using it = await setup({ role: 'Managed Identity Contributor', roleScope: undefined as never });
    await using _poller = it.start();
    await it.pass(3 * HOUR);
    const warnings = it.lines.filter(({ level }) => level === 'warn');
    expect(warnings).toMatchObject([
      { fields: { reason: 'AuthorizationFailed', right: 'Microsoft.Insights/eventtypes/values/read' } },
    ]);
    expect(String(warnings[0]?.fields.remedy)).toContain('Reader');
    expect(it.polls().length).toBeLessThanOrEqual(8);
    expect(it.failures).toContain('AuthorizationFailed');
    await it.azure.control.grant({ principalId: it.objectId, role: 'Reader', scope: it.subscription });
    it.azure.control.settle();
    await it.write('app');
    await it.pass(70 * minute);
    expect(it.named()).toEqual(['app write Succeeded']);
    expect(it.lines.at(-1)?.message).toBe('the Activity Log is read again');
  });

  test('of another kind than a missing right name what helps against that', async () => {
    await using it = await setup();
    const effect = { kind: 'status', status: 404, code: 'SubscriptionNotFound' } as const;
    it.azure.control.addFault({ operation: 'activityLogs.list', effect });
    await using _poller = it.start();
    await it.pass(3 * HOUR);
    const [warning, ...more] = it.lines.filter(({ level }) => level === 'warn');
    expect(more).toEqual([]);
    expect(warning?.fields).toMatchObject({ reason: 'SubscriptionNotFound' });
    expect(warning?.fields).not.toHaveProperty('right');
    expect(it.polls().length).toBeLessThanOrEqual(8);
  });

  test('a record that the sink cannot bear is passed over, and nothing after it', async () => {
    await using it = await setup();
    it.say((hint) => {
      if (hint.id.endsWith('odd')) throw new TypeError('odd');
      return 'read';
    });
    await it.write('odd');
    await it.write('app');
    await using _poller = it.start();
    await it.pass(11 * minute);
    expect(it.named().toSorted()).toEqual(['app write Succeeded', 'odd write Succeeded']);
    expect(it.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });
});

describe('over a restart', () => {
  const key = (it: { subscriptionId: string }) => `${it.subscriptionId}.Microsoft.ManagedIdentity`;

  test('what was read is kept, every ten minutes at most', async () => {
    await using it = await setup();
    await using _poller = it.start();
    for (let n = 0; n < 12; n++) {
      await it.write(`id-${n}`);
      await it.pass(5 * minute);
    }
    expect(it.patches).toBeGreaterThanOrEqual(5);
    expect(it.patches).toBeLessThanOrEqual(6);
    expect(it.clock.now() - Date.parse(it.kept.get(key(it)) ?? '')).toBeLessThan(20 * minute);
  });

  test('after days away the records of these days are read, in ranges of at most 15 days', async () => {
    await using it = await setup();
    const upTo = it.clock.now();
    it.kept.set(key(it), new Date(upTo).toISOString());
    it.clock.advance(HOUR);
    await it.write('missed');
    it.clock.advance(20 * 24 * HOUR);
    await it.write('recent');
    await using _poller = it.start();
    await it.pass(2 * minute);
    expect(it.named()).toEqual(['missed write Succeeded', 'recent write Succeeded']);
    const polls = it.polls().filter(({ path }) => path.includes('Microsoft.ManagedIdentity'));
    expect(polls.map(fromOf)).toEqual([upTo - HOUR / 2, upTo - HOUR / 2 + 15 * 24 * HOUR]);
  });

  test('where nothing is known the last day is read', async () => {
    await using it = await setup();
    await it.write('old');
    it.clock.advance(30 * HOUR);
    await it.write('recent');
    it.clock.advance(20 * HOUR);
    await using _poller = it.start();
    await it.pass(2 * minute);
    expect(it.named()).toEqual(['recent write Succeeded']);
  });

  test.each([
    ['nonsense', () => 'yesterday, about noon'],
    ['the future', (now: number) => new Date(now + 400 * 24 * HOUR).toISOString()],
    ['the time before all', () => '0001-01-01T00:00:00Z'],
  ])('%s that somebody wrote there is no harm', async (_, text) => {
    await using it = await setup();
    it.kept.set(key(it), text(it.clock.now()));
    it.kept.set('note', 'keep me');
    await it.write('app');
    await using _poller = it.start();
    await it.pass(15 * minute);
    expect(it.named()).toEqual(['app write Succeeded']);
    expect(Date.parse(it.kept.get(key(it)) ?? '')).toBeLessThanOrEqual(it.clock.now());
    expect(it.kept.get('note')).toBe('keep me');
  });
});

describe('a clock that is off', () => {
  test.each([-5, 5])('by %d h loses nothing', async (hours) => {
    await using it = await setup();
    await it.write('app');
    await using _poller = it.start(hours * HOUR);
    await it.pass(6 * minute);
    await it.write('web');
    await it.pass(6 * minute);
    expect(it.named()).toEqual(['app write Succeeded', 'web write Succeeded']);
  });
});

test('an outage of the API server at the start: the last day is read', async () => {
  await using it = await setup();
  const { clock, stopping } = it;
  const client = {
    get: () => Promise.reject(new KubeError('no answer', { reason: 'ConnectionFailed' })),
  } as unknown as ConstructorParameters<typeof Positions>[0]['client'];
  const positions = new Positions({
    client,
    namespace: 'n',
    name: 'm',
    clock,
    log: silentLog,
    signal: stopping.signal,
  });
  await expect(positions.load()).resolves.toBeUndefined();
  expect(positions.of('s', 'p').get()).toBeUndefined();
});
