import { beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { createLog, type LogOptions } from './logs.ts';

let written: string[];

beforeEach(() => {
  written = [];
});

function logOf(options: Partial<LogOptions> = {}) {
  return createLog({
    clock: new FakeClock(),
    destination: { write: (line) => written.push(line) },
    ...options,
  });
}

describe('json', () => {
  test('is one object per line: time of the clock, level, constant message, fields', () => {
    const log = logOf().child({ controller: 'identity' }).child({ namespace: 'team', name: 'app' });
    log.info({ reconcileId: 'r1' }, 'identity created');
    expect(written).toHaveLength(1);
    expect(written[0]?.endsWith('}\n')).toBe(true);
    expect(JSON.parse(written[0] ?? '')).toEqual({
      level: 'info',
      time: '2026-11-23T10:00:00.000Z',
      controller: 'identity',
      namespace: 'team',
      name: 'app',
      reconcileId: 'r1',
      msg: 'identity created',
    });
  });

  test('holds no secret, whether in a field, a bound field, an error or the message', () => {
    const log = logOf().child({ authorization: 'hunter22' });
    log.error({ error: new Error('client_secret=hunter22') }, 'password=hunter22');
    expect(written).toHaveLength(1);
    expect(written[0]).not.toContain('hunter22');
    expect(written[0]).toContain('[redacted]');
  });

  test('carries the stack of an error at level error only', () => {
    const error = new Error('connection lost');
    logOf().warn({ error }, 'reconcile failed, will be retried');
    logOf().error({ error }, 'reconcile failed unexpectedly');
    expect(JSON.parse(written[0] ?? '').error).toEqual({ name: 'Error', message: 'connection lost' });
    expect(JSON.parse(written[1] ?? '').error.stack).toContain('logs.test.ts');
  });
});

describe('text', () => {
  test('is readable, and quotes what needs it', () => {
    const log = logOf({ format: 'text' });
    log.warn({ name: 'app', why: 'two words', failures: 3, error: new Error('lost') }, 'reconcile failed');
    expect(written).toEqual([
      '2026-11-23T10:00:00.000Z WARN  reconcile failed name=app why="two words" failures=3 error={"name":"Error","message":"lost"}\n',
    ]);
  });

  test('keeps one line one line, with any text from outside', () => {
    logOf({ format: 'text' }).info({ name: 'a\nERROR forged' }, 'one\r\ntwo');
    expect(written).toHaveLength(1);
    expect(written[0]?.trimEnd()).not.toMatch(/[\r\n]/);
  });
});

test('levels below the one asked for are not written', () => {
  const log = logOf({ level: 'warn' });
  log.debug({}, 'a');
  log.info({}, 'b');
  log.warn({}, 'c');
  log.error({}, 'd');
  expect(written.map((line) => JSON.parse(line).msg)).toEqual(['c', 'd']);
});
