/** Lists of calls of the unchanged JavaScript SDKs with what Azure would answer, made one after the other. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { administrator, type SimulatorProcess, startSimulatorProcess } from '../simulator-process.ts';
import { type Module, sdkLoader } from './install.ts';

/** An SDK's client: its types are in packages that azid does not have. */
// biome-ignore lint/suspicious/noExplicitAny: see above.
export type Client = any;

export interface Stage {
  readonly simulator: SimulatorProcess;
  readonly subscription: string;
  /** ARM id of the group `rg1`. */
  readonly group: string;
  readonly principalId: string;
  /** A client of a package, by the name of its class. */
  client(packageName: string, className: string): Client;
  /** A client of Microsoft Graph, signed in likewise. */
  readonly graph: Client;
  /** What `keep` named. */
  readonly kept: Record<string, string>;
}

export interface Call {
  readonly name: string;
  /** Paged lists are read to their end, pollers to the result. */
  readonly call: (stage: Stage) => unknown;
  /** `toMatchObject`, as it is or made of the stage; absent: nothing comes back that anybody looks at. */
  readonly out?: unknown;
  /** Status and code of the error it ends with. */
  readonly refused?: readonly [status: number, code: string];
  /** Name to field of what came back. */
  readonly keep?: Readonly<Record<string, string>>;
  /** By the hand of someone else, before it. */
  readonly before?: (stage: Stage) => Promise<unknown>;
}

/** Pollers ask at once: the simulator's work is done when it answers. */
export const AT_ONCE = { updateIntervalInMs: 1 };

export function sdkCalls(name: string, packages: readonly string[], calls: readonly Call[]): void {
  describe(`JavaScript: ${name}`, () => {
    let stage: Stage | undefined;
    const held = (): Stage => {
      if (!stage) throw new Error('expected the stage to be set');
      return stage;
    };
    beforeAll(async () => {
      stage = await startStage(packages);
    });
    afterAll(() => stage?.simulator[Symbol.asyncDispose]());

    for (const { name: title, call, out, refused, keep = {}, before } of calls)
      test(title, async () => {
        const at = held();
        await before?.(at);
        const came = await outcomeOf(() => call(at));
        if (refused) {
          const [status, code] = refused;
          expect(came).toMatchObject({ refused: { status, code } });
          return;
        }
        expect(came).not.toHaveProperty('refused');
        const { value } = came as { value: unknown };
        if (out !== undefined)
          expect(value).toMatchObject((typeof out === 'function' ? out(at) : out) as object);
        for (const [key, field] of Object.entries(keep))
          at.kept[key] = String((value as Record<string, unknown>)[field]);
      });
  });
}

/** A simulator of its own, and its owner signed in by workload identity, as a pod would be. */
async function startStage(packages: readonly string[]): Promise<Stage> {
  const simulator = await startSimulatorProcess();
  const { caFile, endpoint, folder, tenantId, subscriptionId: subscription } = simulator;
  // The one thing a client of Azure would not do: whom it trusts. It is the process that is told, no client.
  setDefaultCACertificates([...getCACertificates(), await readFile(caFile, 'utf8')]);
  const { clientId, principalId, token } = await administrator(simulator);
  await simulator.control('createResourceGroup', { name: 'rg1' });
  const tokenFilePath = join(folder, 'token');
  await writeFile(tokenFilePath, token);
  const load = await sdkLoader();
  const modules = new Map<string, Module>();
  for (const name of ['@azure/identity', '@microsoft/microsoft-graph-client', ...packages])
    modules.set(name, await load(name));
  const made = <T>(packageName: string, className: string, ...args: unknown[]): T => {
    const Class = modules.get(packageName)?.[className] as (new (...all: unknown[]) => T) | undefined;
    if (!Class) throw new Error(`expected ${packageName} to be loaded and to have ${className}`);
    return new Class(...args);
  };
  const credential = made<{ getToken(scope: string): Promise<{ token: string }> }>(
    '@azure/identity',
    'WorkloadIdentityCredential',
    { clientId, tenantId, tokenFilePath, authorityHost: endpoint, disableInstanceDiscovery: true },
  );
  const { Client: Graph } = modules.get('@microsoft/microsoft-graph-client') as unknown as {
    Client: { init(options: object): Client };
  };
  // As for any cloud that is not the public one; the newest SDKs have another name for it.
  const scopes = ['https://management.azure.com/.default'];
  const options = { endpoint, credentialScopes: scopes, credentials: { scopes } };
  return {
    simulator,
    subscription,
    group: `/subscriptions/${subscription}/resourceGroups/rg1`,
    principalId,
    kept: {},
    client: (packageName, className) =>
      className === 'SubscriptionClient'
        ? made(packageName, className, credential, options)
        : made(packageName, className, credential, subscription, options),
    graph: Graph.init({
      baseUrl: endpoint,
      customHosts: new Set([new URL(endpoint).hostname, new URL(endpoint).host]),
      authProvider: (done: (error: unknown, token: string | null) => void) =>
        credential.getToken('https://graph.microsoft.com/.default').then(
          ({ token: access }) => done(null, access),
          (error: unknown) => done(error, null),
        ),
    }),
  };
}

/** What came of a call: its value, or status and code of a refusal. Anything else is the client's own mistake with an answer. */
async function outcomeOf(call: () => unknown): Promise<{ value: unknown } | { refused: object }> {
  try {
    const given = call();
    return { value: await (isPaged(given) ? all(given) : given) };
  } catch (error) {
    const { statusCode, code, message } = error as { statusCode?: number; code?: string; message: string };
    if (statusCode === undefined) throw error;
    return { refused: { status: statusCode, code, message } };
  }
}

async function all(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const isPaged = (given: unknown): given is AsyncIterable<unknown> =>
  typeof given === 'object' && given !== null && Symbol.asyncIterator in given;
