import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** The workflows as they stand in the repository. */

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const FOLDER = '.github/workflows';

export interface Step {
  readonly id?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
export interface Job {
  readonly needs?: string | readonly string[];
  readonly if?: string;
  readonly environment?: { readonly name: string };
  readonly permissions?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes'?: number;
  /** None where it is another workflow. */
  readonly steps: readonly Step[];
  /** A workflow of this repository that the job is. */
  readonly uses?: string;
}
export interface Workflow {
  readonly permissions?: unknown;
  readonly concurrency?: { readonly group: string };
  readonly defaults?: { readonly run?: { readonly shell?: string } };
  readonly on: object;
  readonly jobs: Readonly<Record<string, Job>>;
}

export const files = (await readdir(join(ROOT, FOLDER))).sort();
export const sources = await Promise.all(
  files.map(async (file) => {
    const text = await readFile(join(ROOT, FOLDER, file), 'utf8');
    const workflow = parse(text) as Workflow;
    const jobs = Object.entries(workflow.jobs).map(([name, job]) => [
      name,
      { ...job, steps: job.steps ?? [] },
    ]);
    return { file, text, workflow: { ...workflow, jobs: Object.fromEntries(jobs) as Workflow['jobs'] } };
  }),
);
export const jobs = sources.flatMap(({ file, workflow }) =>
  Object.entries(workflow.jobs).map(([name, job]) => ({ where: `${file} ${name}`, job })),
);
export const steps = jobs.flatMap(({ where, job }) => job.steps.map((step) => ({ where, step })));
