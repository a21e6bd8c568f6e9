/** Lists of `az` command lines with what Azure would answer, run one after the other. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Az, signIn } from './az-cli.ts';
import { type SimulatorProcess, startSimulatorProcess } from './simulator-process.ts';

export interface CommandLine {
  /** `{name}` stands for what an earlier line kept; quotes hold words together. */
  readonly az: string;
  /** Default 0. */
  readonly code?: number;
  /** In the JSON it prints; `toMatchObject`. */
  readonly out?: unknown;
  /** In what it prints to stderr. */
  readonly err?: string;
  /** Name to dotted path in the output: what later lines use. */
  readonly keep?: Readonly<Record<string, string>>;
  /** Before it, at the control endpoint. */
  readonly before?: (simulator: SimulatorProcess, kept: Record<string, string>) => Promise<unknown>;
  /** Why it does not get the answer that Azure would give. At most ten in all. */
  readonly misses?: string;
}

/** One signed-in client and one simulator for the whole list. */
export function commandLines(name: string, lines: readonly CommandLine[]): void {
  describe(`az ${name}`, () => {
    let simulator: SimulatorProcess;
    let az: Az;
    const kept: Record<string, string> = {};

    beforeAll(async () => {
      simulator = await startSimulatorProcess();
      az = await signIn(simulator);
      const { subscriptionId, tenantId } = simulator;
      const group = `/subscriptions/${subscriptionId}/resourceGroups/rg1`;
      Object.assign(kept, { subscription: subscriptionId, tenant: tenantId, group, me: az.principalId });
      await simulator.control('createResourceGroup', { name: 'rg1' });
    });
    afterAll(() => simulator?.[Symbol.asyncDispose]());

    for (const line of lines) {
      const run = line.misses === undefined ? test : test.fails;
      run(line.az, async () => {
        await line.before?.(simulator, kept);
        const outcome = await az.run(wordsOf(filled(line.az, kept)));
        const told = `${outcome.stderr}\n${outcome.stdout.slice(0, 2_000)}`;
        expect(outcome.code, told).toBe(line.code ?? 0);
        if (line.err !== undefined) expect(outcome.stderr).toContain(filled(line.err, kept));
        const body = outcome.stdout.trim() === '' ? undefined : JSON.parse(outcome.stdout);
        if (line.out !== undefined) expect(body).toMatchObject(filledIn(line.out, kept) as object);
        for (const [key, path] of Object.entries(line.keep ?? {})) kept[key] = String(at(body, path));
      });
    }
  });
}

const filled = (text: string, kept: Readonly<Record<string, string>>): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => kept[name] ?? whole);

function filledIn(value: unknown, kept: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') return filled(value, kept);
  if (Array.isArray(value)) return value.map((each) => filledIn(each, kept));
  if (typeof value !== 'object' || value === null) return value;
  if ('asymmetricMatch' in value) return filledMatcher(value, kept);
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [filled(key, kept), filledIn(each, kept)]),
  );
}

/** `expect.arrayContaining` and `expect.objectContaining` hold what they look for; others have no names in them. */
function filledMatcher(matcher: object, kept: Readonly<Record<string, string>>): unknown {
  const { sample } = matcher as { sample?: unknown };
  if (Array.isArray(sample)) return expect.arrayContaining(filledIn(sample, kept) as unknown[]);
  if (typeof sample !== 'object' || sample === null) return matcher;
  return expect.objectContaining(filledIn(sample, kept) as Record<string, unknown>);
}

/** Words as a shell parts them, as far as quotes go. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g)].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ''),
  );
}

function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((held, name) => (held as Record<string, unknown>)?.[name], value);
}
