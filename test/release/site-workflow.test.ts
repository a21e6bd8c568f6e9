import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Job, ROOT, sources } from './workflow-files.ts';

/** The site is built for each pull request, and published by a release alone. */

const jobsOf = (name: string): Readonly<Record<string, Job>> =>
  sources.find(({ file }) => file === name)?.workflow.jobs ?? {};
const lines = (job: Job | undefined) => job?.steps.flatMap(({ run }) => run ?? []);
const actions = (job: Job | undefined) => job?.steps.flatMap(({ uses }) => uses?.split('@')[0] ?? []);

it('a pull request builds the site', () => {
  const { site } = jobsOf('ci.yml');
  expect([site?.if, lines(site)]).toEqual(["github.event_name == 'pull_request'", ['npm run docs:build']]);
  expect(sources.find(({ file }) => file === 'ci.yml')?.workflow.on).toHaveProperty('pull_request');
});

describe('a release', () => {
  const { site, pages } = jobsOf('release.yml');

  it('builds the site where VitePress puts it, and hands it on', async () => {
    expect([site?.needs, lines(site)]).toEqual(['checks', ['npm run docs:build']]);
    const upload = site?.steps.find(({ uses }) => uses?.startsWith('actions/upload-pages-artifact@'));
    expect(upload?.with).toEqual({ path: 'docs/.vitepress/dist' });
    // It would be elsewhere by this.
    expect(await readFile(join(ROOT, 'docs/.vitepress/config.ts'), 'utf8')).not.toContain('outDir');
  });

  it('publishes it when all else is published, and of no prerelease', () => {
    expect(pages?.needs).toEqual(['publish', 'site']);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub's expression, not ours.
    expect(pages?.if).toBe("${{ !contains(github.ref_name, '-') }}");
    expect(pages?.environment?.name).toBe('github-pages');
  });

  it('publishes in a job that runs nothing of the repository', () => {
    expect(actions(pages)).toEqual(['actions/deploy-pages']);
    const publishing = sources.flatMap(({ file, workflow }) =>
      Object.entries(workflow.jobs)
        .filter(([, job]) => job.permissions?.pages !== undefined)
        .map(([name]) => `${file} ${name}`),
    );
    expect(publishing).toEqual(['release.yml pages']);
  });
});
