/** The file by which other programs see that the sandbox is up, and where everything is (docs/reference/sandbox.md). */
import { randomUUID } from 'node:crypto';
import { rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { writePrivateFile } from './apiserver/access.ts';

/** A contract for tools outside the project: members are added, never renamed. */
export interface ReadyFacts {
  /** Path; the administrator's. */
  readonly kubeconfig: string;
  readonly arm: {
    /** Origin, of the token endpoint as well. */
    readonly endpoint: string;
    /** Path of the PEM file with the endpoint's CA. */
    readonly caFile: string;
    readonly subscriptionId: string;
    readonly tenantId: string;
  };
  /** Origin. */
  readonly control: { readonly endpoint: string };
  /** URL of the controller's metrics page. Absent with `--no-controller`. */
  readonly metrics?: { readonly endpoint: string };
  /** Where the simulated Service Bus listens, over TLS and as Microsoft's emulator. */
  readonly serviceBus?: {
    readonly endpoint: string;
    readonly emulatorEndpoint: string;
    /** Host name of the namespace, and its queue, that the events of the subscription come to. `azid simulator` has none. */
    readonly namespace?: string;
    readonly queue?: string;
  };
}

/** Refuses a path that cannot be written, before anything is started; removes what an earlier run left there. */
export async function prepareReadyFile(path: string): Promise<void> {
  const folder = dirname(resolve(path));
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory())
    throw new Error(
      `expected --ready-file to be a path in an existing folder, got ${path}; make ${folder} first`,
    );
  const old = await stat(path).catch(() => undefined);
  if (old?.isDirectory())
    throw new Error(`expected --ready-file to be the path of a file, got the folder ${path}`);
  await rm(path, { force: true });
}

/** Whole or not at all. Disposing removes it. */
export async function writeReadyFile(
  path: string,
  facts: ReadyFacts | Omit<ReadyFacts, 'kubeconfig'>,
): Promise<AsyncDisposable> {
  const partial = `${path}.${randomUUID()}`;
  try {
    await writePrivateFile(partial, `${JSON.stringify(facts, null, 2)}\n`);
    await rename(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
  return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
}
