/** Programs of other languages that call an SDK and print a line of JSON for each call: what they read out of the answers. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SimulatorProcess, startSimulatorProcess } from './simulator-process.ts';

export interface Told {
  readonly name: string;
  readonly value?: unknown;
  /** Refused by Azure. */
  readonly status?: number;
  readonly code?: string;
  /** The client's own mistake with an answer. */
  readonly broken?: string;
}

/** In the order of the program. */
export type ExpectedCalls = readonly (readonly [name: string, expected: Partial<Told>])[];

export const one = (fields: Record<string, unknown>) => expect.objectContaining(fields);
export const among = (fields: Record<string, unknown>) => expect.arrayContaining([one(fields)]);

export interface Program {
  readonly file: string;
  readonly args?: readonly string[];
  /** Beside the caller's own. */
  readonly env: Readonly<Record<string, string>>;
}

export function toldCalls(
  name: string,
  calls: ExpectedCalls,
  prepare: (simulator: SimulatorProcess) => Promise<Program>,
): void {
  describe(name, () => {
    let simulator: SimulatorProcess;
    let told: readonly Told[] = [];

    beforeAll(async () => {
      simulator = await startSimulatorProcess();
      const { endpoint, subscriptionId } = simulator;
      const { file, args = [], env } = await prepare(simulator);
      const { stdout } = await promisify(execFile)(file, [...args], {
        env: { ...process.env, ORIGIN: endpoint, SUBSCRIPTION: subscriptionId, ...env },
        maxBuffer: 2 ** 26,
      });
      told = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
    });
    afterAll(() => simulator?.[Symbol.asyncDispose]());

    test.each(calls)('%s', (call, expected) => {
      expect(told.find((each) => each.name === call)).toMatchObject({ name: call, ...expected });
    });

    test('nothing else is called', () => {
      expect(told.map((each) => each.name)).toEqual(calls.map(([call]) => call));
    });
  });
}
