import { describe, expect, it } from 'vitest';
import {
  CONTEXT_FIELDS,
  HEAD_FIELDS,
  LOG_MESSAGES,
  MESSAGE_FIELDS,
} from '../../src/observability/logs/schema.ts';
import { loggedMessages, messagesIn } from '../observability/log-calls.ts';

describe('the schema of the log (src/observability/logs/schema.ts)', async () => {
  const logged = await loggedMessages();
  const known = new Map(LOG_MESSAGES.map((each) => [each.message, each]));

  it('has every message that the sources log, at its level', () => {
    expect(logged.length).toBeGreaterThan(50);
    const strange = logged.filter(({ message, level }) => {
      const levels: readonly string[] = known.get(message)?.levels ?? [];
      return level === undefined ? levels.length === 0 : !levels.includes(level);
    });
    expect(strange).toEqual([]);
  });

  it('has no message that they do not log, and none twice', () => {
    const messages = new Set(logged.map(({ message }) => message));
    expect(LOG_MESSAGES.filter(({ message }) => !messages.has(message))).toEqual([]);
    expect(known.size).toBe(LOG_MESSAGES.length);
  });

  it('says what each field holds, and of no field that no line has', () => {
    const used = new Set(LOG_MESSAGES.flatMap(({ fields }) => fields));
    expect([...used].filter((field) => !(field in MESSAGE_FIELDS))).toEqual([]);
    expect(Object.keys(MESSAGE_FIELDS).filter((field) => !used.has(field))).toEqual([]);
  });

  it('gives each field one meaning', () => {
    const names = [HEAD_FIELDS, CONTEXT_FIELDS, MESSAGE_FIELDS].flatMap(Object.keys);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });
});

it.each([
  ["log.info({ a: f(1, 'x') }, 'done, at last');", [['info', 'done, at last']]],
  ["this.#log[isNew ? 'warn' : 'debug'](fields, 'again');", [[undefined, 'again']]],
  ["log.warn({ ...fields }, REFUSED);\nconst REFUSED =\n  'it can’t';", [['warn', 'it can’t']]],
  ['log[level](fields, message);', []],
  ["request.log.error(\n  { error },\n  'it\\'s over',\n);", [['error', "it's over"]]],
])('reads %j', (source, expected) => {
  expect(messagesIn('a.ts', source).map(({ level, message }) => [level, message])).toEqual(expected);
});
