import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { changesOf, GROUPS, notesOf, sectionsOf, withRelease } from './changelog.ts';

const CHANGELOG = await readFile(join(import.meta.dirname, '..', '..', 'CHANGELOG.md'), 'utf8');

describe('the changelog', () => {
  const sections = sectionsOf(CHANGELOG);

  it('begins with what is to come, and has a date for each version, the newest first', () => {
    expect(sections[0]?.version).toBe('Unreleased');
    const dates = sections.slice(1).map(({ date }) => date);
    expect(dates).not.toContain(undefined);
    expect(dates).toEqual(dates.toSorted().toReversed());
    expect(new Set(sections.map(({ version }) => version)).size).toBe(sections.length);
  });

  it('has the groups of keepachangelog.com and no others, none of them empty', () => {
    for (const { version, text } of sections) {
      const groups = [...text.matchAll(/^### (.+)$/gm)].map(([, name]) => name);
      expect(groups, version).toEqual(GROUPS.filter((name) => groups.includes(name)));
      expect(text, version).not.toMatch(/^### .+\n+(###|$(?![\s\S]))/m);
    }
  });
});

const TEXT = `# Changelog

## [Unreleased]

### Added

- Two.

## [0.1.0] - 2026-11-30

- One.
`;

describe('a release', () => {
  it('gives what was to come a number and a day, and leaves room above', () => {
    const released = withRelease(TEXT, '0.2.0', '2026-12-24');
    expect(sectionsOf(released)).toEqual([
      { version: 'Unreleased', text: '' },
      { version: '0.2.0', date: '2026-12-24', text: '### Added\n\n- Two.' },
      { version: '0.1.0', date: '2026-11-30', text: '- One.' },
    ]);
    expect(changesOf(released, '0.2.0')).toBe('### Added\n\n- Two.\n');
  });

  it('says what its image was built in, after what changed', () => {
    const base = { repository: 'registry.example/node', tag: '24', digest: `sha256:${'a'.repeat(64)}` };
    expect(notesOf(TEXT, '0.1.0', base)).toMatch(
      /^- One\.\n\nThe image is built in `registry\.example\/node:24@sha256:a{64}`; /,
    );
    expect(() => notesOf(TEXT, '0.2.0', base)).toThrow('expected a section');
  });

  it.each([
    ['was made before', TEXT, '0.1.0', 'expected no section of version 0.1.0, found one'],
    ['has nothing in it', withRelease(TEXT, '0.2.0', '2026-12-24'), '0.3.0', 'there is nothing to release'],
    [
      'has no place to come from',
      '# Changelog\n',
      '0.1.0',
      'expected a section `## [Unreleased]`, found none',
    ],
  ])('that %s is refused', (_, text, version, message) => {
    expect(() => withRelease(text, version, '2026-12-24')).toThrow(message);
  });

  it('has no notes before it has a section', () => {
    expect(() => changesOf(TEXT, '0.2.0')).toThrow('expected a section `## [0.2.0] - DATE`, found none');
    expect(() => changesOf(TEXT, 'Unreleased')).toThrow('found it without a date');
  });
});
