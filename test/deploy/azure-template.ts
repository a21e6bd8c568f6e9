import { readFile } from 'node:fs/promises';
import type { Simulator } from '../../src/simulator/simulator.ts';

/** A template of `deploy/azure/bicep`, deployed to a simulated Azure as `az deployment sub create` does it. */

const FILES = new URL('../../deploy/azure/bicep/', import.meta.url);
const VERSION = 'api-version=2025-04-01';

export interface Outputs {
  readonly tenantId: string;
  readonly clientId: string;
  readonly principalId: string;
  readonly queueNamespace: string;
  readonly queueNames: readonly string[];
  readonly namespaceId: string;
  readonly storageId: string;
}

export interface Deployed {
  readonly state: string;
  readonly outputs: Outputs;
  /** What it ended with: of a nested deployment the innermost. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** `--template-file`, `--name` and `--location` of `az`. */
export interface DeployedAs {
  readonly file?: 'main' | 'subscription';
  readonly name?: string;
  readonly location?: string;
}

/** Parameters as `az` takes them: a value each. */
export type Given = Readonly<Record<string, unknown>>;

export const GIVEN: Given = { issuer: 'https://issuer.example.org/cluster' };

/**
 * @param pass lets time pass until the condition holds: nested deployments are looked after once a second
 */
export async function deployAzure(
  azure: Pick<Simulator, 'control' | 'subscriptionId'>,
  given: Given,
  pass: (done: () => Promise<boolean>) => Promise<void>,
  { file = 'main', name = 'azid', location = 'westeurope' }: DeployedAs = {},
): Promise<Deployed> {
  const path = `/subscriptions/${azure.subscriptionId}/providers/Microsoft.Resources/deployments/${name}?${VERSION}`;
  const template: unknown = JSON.parse(await readFile(new URL(`${file}.json`, FILES), 'utf8'));
  const parameters = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, { value }]));
  const body = { location, properties: { mode: 'Incremental', template, parameters } };
  const started = await azure.control.arm({ method: 'PUT', path, body, headers: {} });
  if (started.status >= 400) {
    const { error } = started.body as { error: Deployed['error'] };
    return { state: 'Refused', outputs: outputsOf({}), ...(error && { error }) };
  }
  let found: Properties = { provisioningState: 'Running' };
  await pass(async () => {
    const { body: seen } = await azure.control.arm({ method: 'GET', path, headers: {} });
    found = (seen as { properties: Properties }).properties;
    return found.provisioningState !== 'Running';
  });
  const error = innermost(found.error);
  return { state: found.provisioningState, outputs: outputsOf(found.outputs ?? {}), ...(error && { error }) };
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly details?: readonly Failure[];
}

interface Properties {
  readonly provisioningState: string;
  readonly outputs?: Readonly<Record<string, { readonly value: unknown }>>;
  readonly error?: Failure;
}

const outputsOf = (outputs: NonNullable<Properties['outputs']>): Outputs =>
  Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value])) as unknown as Outputs;

function innermost(error: Failure | undefined): Deployed['error'] {
  const [inner] = error?.details ?? [];
  return inner ? innermost(inner) : error;
}
