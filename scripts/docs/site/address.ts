/** Where the site is published: `homepage` in package.json, and nowhere else. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../markdown.ts';
import { addressOf } from './places.ts';

/** The page with a heading for each alert. */
export const RUNBOOK_PAGE = 'docs/guides/answer-an-alert.md';

/** Ends in a slash: what the site is below is its own. */
export async function siteAddress(): Promise<string> {
  const { homepage } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    homepage?: string;
  };
  if (homepage === undefined || !/^https:\/\/\S+\/$/.test(homepage))
    throw new Error(
      `package.json: expected homepage to be the https address of the site, with a slash at its end, got ${homepage}`,
    );
  return homepage;
}

/** The address at which the alerts are explained; an alert adds `#` and its name in lower case. */
export async function runbookAddress(): Promise<string> {
  return `${await siteAddress()}${addressOf(RUNBOOK_PAGE).slice(1)}`;
}
