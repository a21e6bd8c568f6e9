import { describe, expect, it } from 'vitest';
import type { AzureHost } from '../../../azure/hosts/host.ts';
import { NOW, wants, wantsSystem } from '../facts.fixture.ts';
import { awaitedWords, holdsForWords, type Pause, pauseAfter, pausedMs } from './awaited.ts';

const bare = { identity: { userAssigned: [], system: false } } as unknown as AzureHost;

describe('whose word is awaited', () => {
  it.each([
    ['who has yet to give it', wants('a', { hasSlot: false }), ['uid-attach-a']],
    ['a system-assigned identity without its finalizer', wantsSystem({ hasSlot: false }), ['uid-own']],
    ['who gave it', wants('a'), []],
    ['whom a rollout holds back', wants('a', { hasSlot: false, isDue: false }), []],
    ['whom a policy denies', wants('a', { hasSlot: false, verdict: { allowed: false, message: '' } }), []],
    ['who is suspended', wants('a', { hasSlot: false, paused: true }), []],
  ])('%s', (_, claim, expected) => {
    expect(awaitedWords([claim], bare)).toEqual(expected);
  });
});

describe('a write', () => {
  type Step = readonly [seconds: number, words: string, counts?: boolean];
  const held = (...steps: readonly Step[]) => {
    let pause: Pause | undefined;
    return steps.map(([seconds, words, counts = true]) => {
      const now = NOW + seconds * 1_000;
      pause = pauseAfter(pause, [...words], counts, now);
      return holdsForWords([...words], pausedMs(pause, now));
    });
  };
  const [yes, no] = [true, false];

  it.each<[string, readonly Step[], readonly boolean[]]>([
    [
      'is held for 10 s for a word that does not come',
      [
        [0, 'a'],
        [9, 'a'],
        [10, 'a'],
        [30, 'a'],
      ],
      [yes, yes, no, no],
    ],
    [
      'is not held when nobody has to give one',
      [
        [0, 'a'],
        [1, ''],
      ],
      [yes, no],
    ],
    [
      'goes on being held while words come',
      [
        [0, 'ab'],
        [9, 'b'],
        [18, 'b'],
        [20, 'b'],
      ],
      [yes, yes, yes, no],
    ],
    [
      'is held anew for who asks anew, whoever was waited for in vain before',
      [
        [0, 'a'],
        [10, 'a'],
        [60, 'ab'],
        [69, 'ab'],
        [70, 'ab'],
      ],
      [yes, no, yes, yes, no],
    ],
    [
      'is held anew for one who asked for nothing meanwhile',
      [
        [0, 'a'],
        [10, 'a'],
        [20, ''],
        [30, 'a'],
      ],
      [yes, no, no, yes],
    ],
    [
      'is not held anew for one who was waited for in vain, whatever else held it up',
      [
        [0, 'a'],
        [10, 'a'],
        [20, 'a', false],
        [30, 'a'],
      ],
      [yes, no, no, no],
    ],
    [
      'does not use up its pause while something else holds it up',
      [
        [0, 'a', false],
        [600, 'a', false],
        [601, 'a'],
        [610, 'a'],
        [611, 'a'],
      ],
      [yes, yes, yes, yes, no],
    ],
  ])('%s', (_, steps, expected) => {
    expect(held(...steps)).toEqual(expected);
  });

  it('is held for two minutes and one pause at most, however many ask one after the other', () => {
    const steps = Array.from({ length: 60 }, (_, at): Step => [at * 9, String.fromCharCode(97 + at)]);
    const goesAt = held(...steps).findIndex((isHeld) => !isHeld) * 9;
    expect(goesAt).toBeGreaterThan(100);
    expect(goesAt).toBeLessThanOrEqual(135);
  });
});
