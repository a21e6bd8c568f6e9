import { describe, expect, it } from 'vitest';
import type { ObjectRow } from './object-row.ts';
import { Screen } from './screen.ts';

const waiting: ObjectRow = {
  kind: 'UserAssignedIdentity',
  key: 'quickstart/shop',
  readiness: 'NotReady',
  reason: 'Creating',
  message: 'two\nlines',
  differences: ['no identity /x'],
};
const ready: ObjectRow = {
  ...waiting,
  readiness: 'Ready',
  reason: 'Succeeded',
  message: '',
  differences: [],
};
const policy: ObjectRow = { ...ready, kind: 'IdentityPolicy', key: 'quickstart', differences: undefined };

function recorded(terminal: { isTTY?: boolean; columns?: number } = {}) {
  let text = '';
  const screen = new Screen({
    ...terminal,
    write: (part) => {
      text += part;
    },
  });
  return {
    screen,
    take: () => {
      const taken = text;
      text = '';
      return taken;
    },
  };
}

const TABLE = `KIND                  NAME             READY     REASON     AZURE           MESSAGE
UserAssignedIdentity  quickstart/shop  NotReady  Creating   no identity /x  two lines
IdentityPolicy        quickstart       Ready     Succeeded  -
`;

describe('a screen that is no terminal', () => {
  it('says one line for each object that changed, and no more', () => {
    const { screen, take } = recorded();
    screen.show([waiting, policy]);
    expect(take()).toBe(
      'UserAssignedIdentity quickstart/shop: NotReady (Creating); in Azure: no identity /x; two lines\n' +
        'IdentityPolicy quickstart: Ready (Succeeded)\n',
    );
    screen.show([{ ...waiting }, policy]);
    expect(take()).toBe('');
    screen.show([ready, policy]);
    expect(take()).toBe('UserAssignedIdentity quickstart/shop: Ready (Succeeded); in Azure: as declared\n');
  });

  it('ends with the whole table', () => {
    const { screen, take } = recorded();
    screen.show([waiting, policy]);
    take();
    screen.conclude();
    expect(take()).toBe(TABLE);
    screen.conclude();
    expect(take()).toBe('');
  });
});

describe('a terminal', () => {
  it('gets the table drawn again in place', () => {
    const { screen, take } = recorded({ isTTY: true, columns: 200 });
    screen.show([waiting, policy]);
    expect(take()).toBe(TABLE);
    screen.show([ready, policy]);
    const again = take();
    expect(again.startsWith('\u001b[3A\u001b[JKIND')).toBe(true);
    expect(again.split('\n')[1]).toContain('as declared');
  });

  it('keeps what is said above the table', () => {
    const { screen, take } = recorded({ isTTY: true, columns: 200 });
    screen.show([waiting, policy]);
    take();
    screen.say('hello');
    expect(take()).toBe(`\u001b[3A\u001b[Jhello\n${TABLE}`);
  });

  it('is never wrapped by a line of the table', () => {
    const { screen, take } = recorded({ isTTY: true, columns: 30 });
    screen.show([waiting]);
    const lines = take().trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(Math.max(...lines.map((line) => line.length))).toBe(29);
  });

  it('that does not know its width counts as one of 80 columns', () => {
    const { screen, take } = recorded({ isTTY: true, columns: 0 });
    screen.show([waiting]);
    expect(
      Math.max(
        ...take()
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBe(79);
  });
});
