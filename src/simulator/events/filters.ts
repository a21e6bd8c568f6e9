import { z } from 'zod';
import type { ResourceEvent } from './resource-event.ts';

const values = z.array(z.string()).min(1);
/** A dot separates levels: keys that have one themselves cannot be named. */
const key = z.string().min(1);
const advanced = z.discriminatedUnion('operatorType', [
  z.strictObject({ operatorType: z.literal('StringIn'), key, values }),
  z.strictObject({ operatorType: z.literal('StringNotIn'), key, values }),
  z.strictObject({ operatorType: z.literal('StringContains'), key, values }),
  z.strictObject({ operatorType: z.literal('StringNotContains'), key, values }),
  z.strictObject({ operatorType: z.literal('StringBeginsWith'), key, values }),
  z.strictObject({ operatorType: z.literal('StringNotBeginsWith'), key, values }),
  z.strictObject({ operatorType: z.literal('StringEndsWith'), key, values }),
  z.strictObject({ operatorType: z.literal('StringNotEndsWith'), key, values }),
  z.strictObject({ operatorType: z.literal('IsNotNull'), key }),
  z.strictObject({ operatorType: z.literal('IsNullOrUndefined'), key }),
]);

/** At most so many values in all (docs/azure-facts.md section 10). */
const MOST_VALUES = 25;

/** What an event subscription lets through, as Resource Manager writes it down. */
export const filterSchema = z
  .strictObject({
    includedEventTypes: z.array(z.string()).optional(),
    subjectBeginsWith: z.string().default(''),
    subjectEndsWith: z.string().default(''),
    isSubjectCaseSensitive: z.boolean().default(false),
    advancedFilters: z.array(advanced).default([]),
  })
  .refine(
    ({ advancedFilters }) =>
      advancedFilters.flatMap((each) => ('values' in each ? each.values : [])).length <= MOST_VALUES,
    { error: `expected at most ${MOST_VALUES} values in all advanced filters`, path: ['advancedFilters'] },
  );

export type EventFilter = z.output<typeof filterSchema>;
type AdvancedFilter = EventFilter['advancedFilters'][number];

/** Subjects compare by the subscription's choice, everything else without case. */
export function passes(event: ResourceEvent, filter: EventFilter): boolean {
  const { includedEventTypes: types, isSubjectCaseSensitive: exact } = filter;
  const subject = exact ? event.subject : event.subject.toLowerCase();
  const [begin, end] = [filter.subjectBeginsWith, filter.subjectEndsWith].map((each) =>
    exact ? each : each.toLowerCase(),
  );
  return (
    (types === undefined || types.some((type) => same(type, event.eventType))) &&
    subject.startsWith(begin ?? '') &&
    subject.endsWith(end ?? '') &&
    filter.advancedFilters.every((each) => holds(event, each))
  );
}

function holds(event: ResourceEvent, filter: AdvancedFilter): boolean {
  const value = valueAt(event, filter.key);
  if (filter.operatorType === 'IsNotNull') return value !== undefined && value !== null;
  if (filter.operatorType === 'IsNullOrUndefined') return value === undefined || value === null;
  const text = typeof value === 'string' ? value.toLowerCase() : undefined;
  const any = (test: (text: string, given: string) => boolean) =>
    text !== undefined && filter.values.some((given) => test(text, given.toLowerCase()));
  switch (filter.operatorType) {
    case 'StringIn':
      return any((a, b) => a === b);
    case 'StringNotIn':
      return !any((a, b) => a === b);
    case 'StringContains':
      return any((a, b) => a.includes(b));
    case 'StringNotContains':
      return !any((a, b) => a.includes(b));
    case 'StringBeginsWith':
      return any((a, b) => a.startsWith(b));
    case 'StringNotBeginsWith':
      return !any((a, b) => a.startsWith(b));
    case 'StringEndsWith':
      return any((a, b) => a.endsWith(b));
    case 'StringNotEndsWith':
      return !any((a, b) => a.endsWith(b));
  }
}

function valueAt(event: ResourceEvent, key: string): unknown {
  return key
    .split('.')
    .reduce<unknown>(
      (value, part) => (typeof value === 'object' && value !== null ? member(value, part) : undefined),
      event,
    );
}

function member(value: object, name: string): unknown {
  const found = Object.keys(value).find((key) => same(key, name));
  return found === undefined ? undefined : (value as Readonly<Record<string, unknown>>)[found];
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
