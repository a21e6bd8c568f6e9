/** `azid simulator` as a process of its own, and the hand of "someone else" at its control endpoint. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export interface SimulatorProcess extends AsyncDisposable {
  readonly endpoint: string;
  readonly caFile: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  /** A folder that lives as long as it. */
  readonly folder: string;
  control<T = unknown>(verb: string, input?: unknown): Promise<T>;
}

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;

export async function startSimulatorProcess(): Promise<SimulatorProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'azid-clients-'));
  const readyFile = join(folder, 'ready.json');
  const child = spawn(process.execPath, [MAIN, 'simulator', '--preset', 'fast', '--ready-file', readyFile], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  const facts = await ready(readyFile, ended);
  const { endpoint, caFile, tenantId, subscriptionId } = facts.arm;
  return {
    endpoint,
    caFile,
    tenantId,
    subscriptionId,
    folder,
    control: controlAt(facts.control.endpoint),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The verbs of a control endpoint. */
export const controlAt =
  (endpoint: string): SimulatorProcess['control'] =>
  async <T>(verb: string, input: unknown = {}): Promise<T> => {
    const answer = await fetch(`${endpoint}/${verb}`, { method: 'POST', body: JSON.stringify(input) });
    const body = await answer.json();
    if (!answer.ok) throw new Error(`${verb}: ${JSON.stringify(body)}`);
    return body as T;
  };

interface Ready {
  readonly arm: Readonly<Record<'endpoint' | 'caFile' | 'tenantId' | 'subscriptionId', string>>;
  readonly control: { readonly endpoint: string };
}

async function ready(path: string, ended: Promise<unknown>): Promise<Ready> {
  let gone = false;
  void ended.then(() => {
    gone = true;
  });
  for (;;) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) return JSON.parse(text);
    if (gone) throw new Error('expected azid simulator to become ready, it ended');
    await sleep(50);
  }
}

/** An identity that owns everything, with what signs in as it: an issuer's token that a federated credential lets in. */
export async function administrator(simulator: Pick<SimulatorProcess, 'control' | 'subscriptionId'>) {
  const { control, subscriptionId } = simulator;
  await control('createResourceGroup', { name: 'admin' });
  const { id, principalId, clientId } = await control<Record<string, string>>('createIdentity', {
    name: 'admin',
    resourceGroup: 'admin',
  });
  await control('grant', { principalId, role: 'Owner', scope: '/' });
  const issuer = 'https://issuer.example';
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const kid = 'one';
  await control('declareIssuer', {
    issuer,
    jwks: { keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'RS256' }] },
  });
  const properties = { issuer, subject: 'tests', audiences: ['api://AzureADTokenExchange'] };
  await control('arm', {
    method: 'PUT',
    path: `${id}/federatedIdentityCredentials/tests?api-version=2024-11-30`,
    body: { properties },
  });
  await control('settle');
  const token = await new SignJWT({})
    .setProtectedHeader({ alg: 'RS256', kid })
    .setIssuer(issuer)
    .setSubject('tests')
    .setAudience('api://AzureADTokenExchange')
    .setIssuedAt()
    .setExpirationTime('2h')
    .sign(privateKey);
  return { clientId: clientId ?? '', principalId: principalId ?? '', token, subscriptionId };
}
