/** The ways by which someone else in Azure makes, changes and deletes what azid looks after: over the wire, with all the rules. */
import { request as httpsRequest } from 'node:https';
import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import { clientOptions, tokenCredential } from '../../src/simulator/sdk.fixture.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { RG1 } from '../support/stage.ts';

export interface Way {
  readonly name: string;
  /** An identity in rg1 in `westeurope`, made or put anew, with these tags and no others. */
  put(azure: Simulator, name: string, tags: Readonly<Record<string, string>>): Promise<void>;
  delete(azure: Simulator, name: string): Promise<void>;
}

const TYPE = 'Microsoft.ManagedIdentity/userAssignedIdentities';
const location = 'westeurope';

const rest: Way = {
  name: 'REST',
  async put(azure, name, tags) {
    await send(azure, 'PUT', `${RG1}/providers/${TYPE}/${name}?api-version=2024-11-30`, { location, tags });
  },
  async delete(azure, name) {
    await send(azure, 'DELETE', `${RG1}/providers/${TYPE}/${name}?api-version=2024-11-30`);
  },
};

const sdk: Way = {
  name: 'the JavaScript SDK',
  async put(azure, name, tags) {
    await (await clientOf(azure)).userAssignedIdentities.createOrUpdate('rg1', name, { location, tags });
  },
  async delete(azure, name) {
    await (await clientOf(azure)).userAssignedIdentities.delete('rg1', name);
  },
};

const template: Way = {
  name: 'a template',
  put: (azure, name, tags) =>
    deploy(azure, 'Incremental', [{ type: TYPE, apiVersion: '2024-11-30', name, location, tags }]),
  /** Of nothing, in the mode that deletes what is not named: all the identities of the group. */
  delete: (azure) => deploy(azure, 'Complete', []),
};

export const WAYS: readonly Way[] = [rest, sdk, template];

async function clientOf(azure: Simulator): Promise<ManagedServiceIdentityClient> {
  return new ManagedServiceIdentityClient(
    await tokenCredential(azure, 'someone-else'),
    azure.subscriptionId,
    clientOptions(azure),
  );
}

async function deploy(
  azure: Simulator,
  mode: 'Incremental' | 'Complete',
  resources: readonly object[],
): Promise<void> {
  const path = `${RG1}/providers/Microsoft.Resources/deployments/by-hand?api-version=2024-11-01`;
  const properties = { mode, template: { contentVersion: '1.0.0.0', resources } };
  await send(azure, 'PUT', path, { properties });
  for (;;) {
    const { properties: now } = (await send(azure, 'GET', path)) as {
      properties: { provisioningState: string; error?: unknown };
    };
    if (now.provisioningState === 'Succeeded') return;
    if (now.provisioningState !== 'Running')
      throw new Error(`expected the deployment to succeed: ${JSON.stringify(now.error)}`);
  }
}

async function send(azure: Simulator, method: string, path: string, body?: object): Promise<unknown> {
  const { accessToken } = await azure.control.token({ caller: 'someone-else' });
  const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' };
  const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const sent = httpsRequest(
      `${azure.origin}${path}`,
      { method, headers, ca: azure.caPem, agent: false },
      async (answer) => {
        let received = '';
        for await (const part of answer.setEncoding('utf8')) received += part;
        resolve({ status: answer.statusCode ?? 0, text: received });
      },
    );
    sent.on('error', reject);
    sent.end(body && JSON.stringify(body));
  });
  if (status >= 300) throw new Error(`expected ${method} ${path} to succeed, got ${status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

/** Who wrote to a resource, in order, as the Activity Log has it: `write by someone else`, `write by azid`. */
export async function history(azure: Simulator, resourceUri: string): Promise<string[]> {
  const filter = `eventTimestamp ge '2000-01-01T00:00:00Z' and resourceUri eq '${resourceUri}'`;
  const path = `/subscriptions/${azure.subscriptionId}/providers/Microsoft.Insights/eventtypes/management/values`;
  const query = new URLSearchParams({ 'api-version': '2015-04-01', $filter: filter });
  const { value } = (await send(azure, 'GET', `${path}?${query}`)) as {
    value: {
      caller: string;
      eventName: { value: string };
      status: { value: string };
      operationName: { value: string };
    }[];
  };
  const own = azure.control.identities({}).find(({ name }) => name === 'azid-controller');
  return value
    .filter(({ eventName, status }) => eventName.value === 'EndRequest' && status.value === 'Succeeded')
    .map(({ caller, operationName }) => {
      const verb = operationName.value.split('/').at(-1);
      return `${verb} by ${caller === own?.principalId ? 'azid' : 'someone else'}`;
    })
    .reverse();
}
