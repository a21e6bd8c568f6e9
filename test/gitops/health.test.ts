import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../../scripts/docs/markdown.ts';
import { exampleOf, GITOPS_KINDS, situationsOf } from '../../scripts/generate/argocd.ts';
import { type HealthVerdict, healthOf } from '../support/health.ts';
import type { Observed } from '../support/status/kstatus.ts';
import { buildReferenceKstatus, referenceKstatus } from '../support/status/reference-kstatus.ts';

/**
 * An object of every kind in every situation of docs/conditions.md: what Argo CD makes of it by deploy/argocd/health.lua, Flux by
 * the expressions of deploy/flux/team.yaml and by kstatus, each in what these run themselves.
 */

interface ArgoTest {
  readonly inputPath: string;
  readonly healthStatus: { readonly status: string; readonly message: string };
}

const read = (path: string) => readFile(join(ROOT, 'deploy', path), 'utf8');

const cases = GITOPS_KINDS.flatMap((kind) =>
  situationsOf(kind).map((situation) => ({
    kind: kind.resource.kind,
    ...situation,
    object: exampleOf(kind, situation),
  })),
);

let verdicts: readonly HealthVerdict[];
let kstatuses: readonly string[];
beforeAll(async () => {
  const objects = cases.map(({ object }) => object);
  verdicts = await healthOf(objects);
  kstatuses = await referenceKstatus(await buildReferenceKstatus(), objects as readonly Observed[]);
}, 600_000);

describe.each(cases.map((each, at) => ({ ...each, at })))(
  'a $kind that is $name',
  ({ at, argo, kstatus, flux }) => {
    it(`is ${argo} to Argo CD, ${kstatus} to kstatus and ${flux} to Flux' expressions`, () => {
      expect({ argo: verdicts[at]?.argo.status, kstatus: kstatuses[at], flux: verdicts[at]?.flux }).toEqual({
        argo,
        kstatus,
        flux,
      });
    });
  },
);

it("Argo CD's own form of test has the same, and every file of it passes", async () => {
  const { tests } = parse(await read('argocd/health_test.yaml')) as { tests: readonly ArgoTest[] };
  expect(tests.length).toBe(cases.length);
  const objects = await Promise.all(
    tests.map(async ({ inputPath }) => parse(await read(`argocd/${inputPath}`))),
  );
  const answers = await healthOf(objects);
  expect(answers.map(({ argo }) => argo)).toEqual(tests.map(({ healthStatus }) => healthStatus));
});

it('the table of docs/conditions.md has them', async () => {
  const page = await readFile(join(ROOT, 'docs/conditions.md'), 'utf8');
  const rows = [...page.matchAll(/^\| (.+?) \| .+ \| (\w+)[^|]* \| (\w+) \|$/gm)].map((row) => row.slice(1));
  const row = (start: string) => rows.find(([what = '']) => what.startsWith(start))?.slice(1);
  expect({
    first: row('First reconcile'),
    retrying: row('Under way'),
    waiting: row('Waits'),
    done: row('All is as declared'),
    stalled: row('Nothing helps'),
    deleting: row('Is being deleted'),
  }).toEqual(
    Object.fromEntries(
      cases
        .filter(({ kind, name }) => kind === 'RoleGrant' && !/unseen|edited|suspended/.test(name))
        .map(({ name, kstatus, argo }) => [name, [kstatus, argo]]),
    ),
  );
});
