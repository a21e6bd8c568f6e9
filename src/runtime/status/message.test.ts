import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutText, MAX_SHORT_MESSAGE, shortMessage } from './message.ts';

const RG = '/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/rg2';
const WEB = `${RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`;

describe('a message for a table', () => {
  it.each([
    ['is the message where that is short', 'as declared', 'as declared'],
    [
      'ends before the remedy',
      'no policy allows this; ask an administrator for one',
      'no policy allows this',
    ],
    [
      'names a thing of Azure by its last name',
      `identity ${WEB} is as declared`,
      'identity …/web is as declared',
    ],
    ['leaves what stands around an id', `deleted (${WEB}), says Azure.`, 'deleted (…/web), says Azure.'],
    [
      'shortens GUIDs to their beginning',
      'principal 99999999-2222-4333-8444-555555555555 is gone',
      'principal 99999999… is gone',
    ],
    [
      'shortens a subscription to its beginning',
      'waiting for /subscriptions/11111111-2222-4333-8444-555555555555',
      'waiting for …/11111111…',
    ],
    [
      'is cut between words',
      'Azure does not let azid read this, and nobody knows why',
      'Azure does not let azid read this, and…',
    ],
    [
      'does not end with a comma',
      'expected one of the roles that we know, namely',
      'expected one of the roles that we know…',
    ],
    ['is cut in a word that fills it', 'x'.repeat(60), `${'x'.repeat(43)}…`],
    ['counts letters, not bytes or halves', '🙂'.repeat(60), `${'🙂'.repeat(43)}…`],
    ['is one line', 'first\nsecond', 'first'],
    ['may be empty', '', ''],
  ])('%s', (_, message, short) => {
    expect(shortMessage(message)).toBe(short);
    expect([...short].length).toBeLessThanOrEqual(MAX_SHORT_MESSAGE);
  });
});

describe('cutText', () => {
  it('keeps what fits and marks what was cut', () => {
    expect(cutText('hello', 5)).toBe('hello');
    expect(cutText('hello!', 5)).toBe('he…');
    expect(cutText('a€€€', 8)).toBe('a€…');
  });

  it('never exceeds the limit and never cuts a character in two', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 3, max: 50 }), (text, limit) => {
        const cut = cutText(text, limit);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(limit);
        expect(cut === text || text.startsWith(cut.slice(0, -1))).toBe(true);
      }),
    );
  });
});
