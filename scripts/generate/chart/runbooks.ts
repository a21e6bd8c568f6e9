/** The address of the runbooks, wherever a file has to spell it out: it is built in one place, `scripts/docs/site/address.ts`. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../../docs/markdown.ts';
import { runbookAddress } from '../../docs/site/address.ts';
import { RULES_FILE } from '../../observability/alerts.ts';
import type { GeneratedFile } from '../file.ts';

/** What `promtool test rules` expects of the alerts, annotations included. */
const TESTS = 'test/observability/alerts';
const VALUES = 'deploy/helm/azid/values.yaml';

/** Files that people write, but for this address. */
export async function runbookFiles(): Promise<GeneratedFile[]> {
  const address = await runbookAddress();
  const tests = (await readdir(join(ROOT, TESTS))).map((name) => `${TESTS}/${name}`);
  return Promise.all(
    [RULES_FILE, VALUES, ...tests].map(async (path) => ({
      path,
      text: withRunbooks(await readFile(join(ROOT, path), 'utf8'), address),
    })),
  );
}

/** `runbook_url` of an alert, which adds its heading, and `runbooks` of the chart's values. */
export function withRunbooks(text: string, address: string): string {
  return text
    .replace(/(\brunbook_url: "?)[^\s"#]+(?=#)/g, (_, before: string) => before + address)
    .replace(/^( {2}runbooks: ).+$/gm, (_, before: string) => before + address);
}
