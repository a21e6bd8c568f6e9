import { type BaseImage, referenceOf } from '../image/base.ts';

/** CHANGELOG.md, in the form of keepachangelog.com: a section for each version, the newest first, what is to come on top. */

const UNRELEASED = '## [Unreleased]';
/** `## [0.1.0] - 2026-11-30`; of the version that is to come without a date. */
const HEADING = /^## \[(?<version>[^\]]+)\](?: - (?<date>\d{4}-\d{2}-\d{2}))?$/gm;
export const GROUPS = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security'];

export interface ChangelogSection {
  readonly version: string;
  readonly date?: string;
  /** What stands below the heading. */
  readonly text: string;
}

export function sectionsOf(changelog: string): ChangelogSection[] {
  const headings = [...changelog.matchAll(HEADING)];
  return headings.map((heading, at) => {
    const { version = '', date } = heading.groups ?? {};
    const text = changelog.slice(heading.index + heading[0].length, headings[at + 1]?.index).trim();
    return { version, ...(date !== undefined && { date }), text };
  });
}

/** What has a version and a date gets notes; what has neither was not released. */
export function changesOf(changelog: string, version: string): string {
  const section = sectionsOf(changelog).find((each) => each.version === version);
  if (section?.date === undefined)
    throw new Error(
      `CHANGELOG.md: expected a section \`## [${version}] - DATE\`, found ${section === undefined ? 'none' : 'it without a date'}; run \`npm run release -- ${version}\``,
    );
  return `${section.text}\n`;
}

/** What a release says of itself: what changed, and what its image was built in. */
export function notesOf(changelog: string, version: string, base: BaseImage): string {
  return `${changesOf(changelog, version)}
The image is built in \`${referenceOf(base)}\`; \`sbom-*.spdx.json\` lists what it holds.
`;
}

/** What was to come becomes this version, of this day (`YYYY-MM-DD`), below an empty section for what comes next. */
export function withRelease(changelog: string, version: string, date: string): string {
  const sections = sectionsOf(changelog);
  if (sections.some((each) => each.version === version))
    throw new Error(`CHANGELOG.md: expected no section of version ${version}, found one; it was released`);
  const next = sections.find((each) => each.version === 'Unreleased');
  if (next === undefined) throw new Error(`CHANGELOG.md: expected a section \`${UNRELEASED}\`, found none`);
  if (next.text === '')
    throw new Error(
      `CHANGELOG.md: expected changes below \`${UNRELEASED}\`, found none; there is nothing to release`,
    );
  return changelog.replace(UNRELEASED, `${UNRELEASED}\n\n## [${version}] - ${date}`);
}
