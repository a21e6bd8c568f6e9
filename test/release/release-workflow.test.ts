import { describe, expect, it } from 'vitest';
import { type Job, sources, type Workflow } from './workflow-files.ts';

/** What becomes of a tag, as far as it can be known without GitHub. */

const workflow = sources.find(({ file }) => file === 'release.yml')?.workflow as Workflow;

describe('a release', () => {
  const { checks, image, publish } = workflow.jobs;
  const linesOf = (job: Job | undefined) => (job?.steps ?? []).flatMap(({ run }) => run ?? []).join('\n');

  it('packs by the script that test/release/pack.test.ts runs, with the digest that was signed', () => {
    const lines = linesOf(publish);
    const order = [
      // What may fail without the registry does so before anything is in it.
      'npm ci --omit=dev --ignore-scripts',
      'go -C test/helm build',
      'skopeo --insecure-policy copy --preserve-digests oci-archive:images/image-amd64.tar',
      'skopeo --insecure-policy copy --preserve-digests oci-archive:images/image-arm64.tar',
      'docker buildx imagetools create',
      'cosign sign --yes --recursive',
      'scripts/release.ts pack release',
      'cosign sign-blob',
      'cosign verify-blob',
      'gh attestation verify release/install.yaml',
      'gh release create',
    ];
    const at = order.map((each) => lines.indexOf(each));
    expect(at).not.toContain(-1);
    expect(at).toEqual(at.toSorted((a, b) => a - b));
  });

  it('of a tag that was released is refused before anything is built', () => {
    expect(linesOf(checks)).toMatch(/^if gh release view "\$GITHUB_REF_NAME"[^\n]*; then [^\n]*exit 1; fi$/m);
    expect(image).toMatchObject({ needs: 'checks', uses: './.github/workflows/image.yml' });
    expect(publish).toMatchObject({ needs: 'image' });
  });

  it('of a version with a dash is a prerelease, so nobody gets it who asks for the latest', () => {
    const create = publish?.steps.find(({ run }) => run?.includes('gh release create'));
    expect(create?.run).toContain('--prerelease="$PRERELEASE"');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub's expression, not ours.
    expect(create?.env?.PRERELEASE).toBe("${{ contains(github.ref_name, '-') }}");
  });

  it('runs nothing of a package where it may publish: what was built is handed to it', () => {
    const lines = linesOf(publish);
    expect(lines).not.toMatch(/npm run|npm ci(?! --omit=dev --ignore-scripts)|docker build /);
    expect(publish?.steps.filter(({ uses }) => /build-push|setup-buildx/.test(uses ?? ''))).toEqual([]);
    // The plugin has the bundle that was verified in the image.
    expect(lines).toMatch(
      /image\.ts unpack images\/image-amd64\.tar "\$RUNNER_TEMP\/rootfs"\ncp -r "\$RUNNER_TEMP\/rootfs\/azid" dist\n/,
    );
  });

  it('attests of each image the bill of materials that was verified with it', () => {
    const bills = (publish?.steps ?? []).flatMap((step) => (step.with?.['sbom-path'] ? [step.with] : []));
    expect(bills.map((each) => [each['subject-digest'], each['sbom-path']])).toEqual(
      ['amd64', 'arm64'].map((arch) => [
        `\${{ steps.name.outputs.${arch} }}`,
        `images/sbom-${arch}.spdx.json`,
      ]),
    );
  });

  it('asks for no storage record, for which a job would need one more right', () => {
    const pushed = (publish?.steps ?? []).filter((step) => step.with?.['push-to-registry'] === true);
    expect(pushed.map((step) => step.with?.['create-storage-record'])).toEqual(Array(4).fill(false));
  });

  it('takes nothing from a cache that other runs may write to', () => {
    const called = sources.filter(({ file }) => ['release.yml', 'image.yml'].includes(file));
    const steps = called.flatMap((each) => Object.values(each.workflow.jobs)).flatMap((job) => job.steps);
    /** The inputs by which these actions would, each unless it says otherwise. */
    const caches = {
      'actions/setup-node': ['package-manager-cache', false],
      'actions/setup-go': ['cache', false],
      'docker/setup-buildx-action': ['cache-binary', false],
      'docker/build-push-action': ['cache-from', undefined],
    } as const;
    const found = steps.flatMap((step) => {
      const [action = ''] = step.uses?.split('@') ?? [];
      if (action === 'actions/cache') return ['actions/cache'];
      if (!Object.hasOwn(caches, action)) return [];
      const [input, off] = caches[action as keyof typeof caches];
      return step.with?.[input] === off ? [] : [`${action} without ${input}: ${off}`];
    });
    expect(found).toEqual([]);
    for (const action of Object.keys(caches))
      expect(
        steps.some(({ uses }) => uses?.startsWith(action)),
        action,
      ).toBe(true);
  });
});
