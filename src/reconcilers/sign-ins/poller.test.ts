import { expect, test } from 'vitest';
import { AzureError } from '../../azure/arm/errors.ts';
import type { Fields, Log } from '../../runtime/log.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { LastSignIns } from './last-sign-ins.ts';
import { SignInPoller } from './poller.ts';

const HOUR = 3_600_000;
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** @param answer what Graph says, by the number of the question */
function setup(answer: (n: number) => AzureError | undefined) {
  const clock = new FakeClock();
  const lines: { readonly level: string; readonly fields: Fields; readonly message: string }[] = [];
  const at = (level: string) => (fields: Fields, message: string) =>
    void lines.push({ level, fields, message });
  const log: Log = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  };
  const reasons: string[] = [];
  let [asked, age] = [0, (): number | undefined => undefined];
  const store = { values: () => [] };
  const poller = new SignInPoller({
    summaries: {
      async *pages() {
        const refusal = answer(++asked);
        if (refusal) throw refusal;
        yield [];
      },
    },
    signIns: new LastSignIns(),
    stores: { identities: store, systemIdentities: store } as never,
    clock,
    random: () => 0.5,
    log,
    metrics: {
      failed: (reason) => void reasons.push(reason),
      age: (source) => {
        age = source;
      },
    },
  });
  const pass = async (ms: number) => {
    for (const end = clock.monotonic() + ms; clock.monotonic() < end; ) {
      clock.advance(Math.min(60_000, end - clock.monotonic()));
      for (let n = 0; n < 6; n++) await turn();
    }
  };
  return { poller, pass, lines, reasons, asked: () => asked, age: () => age() };
}

test('one question an hour', async () => {
  const it = setup(() => undefined);
  await using _ = it.poller;
  expect(it.age()).toBeUndefined();
  await it.pass(10 * HOUR);
  expect(it.asked()).toBe(10);
  expect(it.age()).toBeLessThan(HOUR);
  expect(it.lines).toEqual([]);
});

test.each([
  ['Authorization_RequestDenied', 'MissingPermission', 'AuditLog.Read.All'],
  ['Authentication_RequestFromNonPremiumTenantOrB2CTenant', 'MissingLicence', 'Entra ID P1 or P2'],
])('%s is said once, with the remedy, and asked about hourly', async (code, reason, remedy) => {
  const it = setup((n) => (n < 5 ? new AzureError({ status: 403, code, message: 'no' }) : undefined));
  await using _ = it.poller;
  await it.pass(4 * HOUR);
  expect(it.asked()).toBeLessThanOrEqual(5);
  expect(new Set(it.reasons)).toEqual(new Set([reason]));
  expect(it.lines).toMatchObject([
    { level: 'warn', fields: { reason, remedy: expect.stringContaining(remedy) } },
  ]);
  await it.pass(3 * HOUR);
  expect(it.lines.at(-1)).toMatchObject({ level: 'info' });
});

test('a server that fails is asked again soon, ever more slowly', async () => {
  const it = setup(() => new AzureError({ status: 503, code: 'ServiceUnavailable', message: 'later' }));
  await using _ = it.poller;
  await it.pass(HOUR);
  expect(it.asked()).toBeGreaterThan(3);
  expect(it.asked()).toBeLessThan(10);
  expect(it.lines).toHaveLength(1);
});
