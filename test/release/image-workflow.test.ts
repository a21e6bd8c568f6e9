import { describe, expect, it } from 'vitest';
import { type Job, jobs, sources } from './workflow-files.ts';

/** How the image is made, for a pull request as for a release. */

describe('the image', () => {
  const build = sources.find(({ file }) => file === 'image.yml')?.workflow.jobs.build as Job;
  const at = (has: string) =>
    build.steps.findIndex(({ run, uses }) => run?.includes(has) || uses?.startsWith(has));

  it('is built from the Dockerfile of deploy/image, once for itself and once for its bill of materials', () => {
    const builds = build.steps.filter(({ uses }) => uses?.startsWith('docker/build-push-action@'));
    expect(builds.map((step) => [step.with?.context, step.with?.file, step.with?.target])).toEqual([
      ['.', 'deploy/image/Dockerfile', undefined],
      ['.', 'deploy/image/Dockerfile', 'sbom'],
    ]);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub's expression, not ours.
    expect(builds[0]?.with?.outputs).toBe('type=oci,dest=${{ runner.temp }}/image.tar');
  });

  it('is verified against a bundle that was built outside of its base, and run, before anybody gets it', () => {
    const order = [
      'docker/build-push-action@',
      'npm ci --ignore-scripts\nnode scripts/build.ts',
      'image.ts verify',
      'image.ts run',
      'actions/upload-artifact@',
    ].map(at);
    expect(order).not.toContain(-1);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    // Alone in its line: what fails in `echo "$(…)"` does not fail the step.
    expect(build.steps[at('image.ts verify')]?.run).toMatch(
      /^node [^$]*"\$RUNNER_TEMP[^`(]*> "\$RUNNER_TEMP\/digest"$/,
    );
  });

  it('is made where nothing can be published, and no step goes on after one that failed', () => {
    expect(build.permissions).toEqual({ contents: 'read' });
    const text = sources.find(({ file }) => file === 'image.yml')?.text ?? '';
    expect(text).not.toMatch(/continue-on-error|login-action|push: ?true|push=true|\bif:/);
  });

  it('of a pull request, so of each base that Dependabot proposes, is made as that of a release', () => {
    const callers = jobs.filter(({ job }) => job.uses === './.github/workflows/image.yml');
    expect(callers.map(({ where, job }) => [where, job.if])).toEqual([
      ['ci.yml image', "github.event_name == 'pull_request'"],
      ['release.yml image', undefined],
    ]);
  });
});
