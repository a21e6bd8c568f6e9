import { join } from 'node:path';
import { answerOf } from './process/answer-of.ts';
import { buildGoProgram } from './process/go-program.ts';

/** Prometheus' own engine, parsers and templates (`test/observability/prometheus`), asked about alerts and queries. */

export interface RuleTest {
  readonly stepSeconds: number;
  readonly series: readonly { readonly series: string; readonly values: string }[];
  readonly checks: readonly { readonly alert: string; readonly atSeconds: number }[];
}

export interface FiringAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** One page of /metrics, with what Prometheus puts on each of its series. */
export interface Scrape {
  readonly atMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  /** A number, `NaN` or `+Inf`. */
  readonly value: string;
}

/** The samples of a page of /metrics in Prometheus' text format; what is within quotes stays as it is written. */
export function samplesOfPage(page: string) {
  return [...page.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = '', inside = '', value = '']) => ({
    name,
    labels: [...inside.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(
      ([, label = '', of = '']) => [label, of] as const,
    ),
    value,
  }));
}

export class Prometheus {
  readonly #program: string;

  private constructor(program: string) {
    this.#program = program;
  }

  /** Builds it if the cache has none, which takes about half a minute the first time. */
  static async build(): Promise<Prometheus> {
    return new Prometheus(
      await buildGoProgram({
        name: 'prometheus',
        folder: join(import.meta.dirname, '..', 'observability', 'prometheus'),
      }),
    );
  }

  /** By test, by check: which alerts fire. `rules`: a rule file. */
  async firing(rules: string, tests: readonly RuleTest[]): Promise<readonly (readonly FiringAlert[])[][]> {
    return ((await this.#ask({ rules, tests })) as { fires: FiringAlert[][][] }).fires;
  }

  /** By query. */
  async query(
    scrapes: readonly Scrape[],
    queries: readonly { readonly expr: string; readonly atMs: number }[],
  ): Promise<readonly (readonly Sample[])[]> {
    return ((await this.#ask({ rules: 'groups: []', scrapes, queries })) as { results: Sample[][] }).results;
  }

  async #ask(request: object): Promise<unknown> {
    return JSON.parse(await answerOf(this.#program, JSON.stringify(request)));
  }
}
