/** The Go SDKs, built once into the cache; without Go on the machine they are left out. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { administrator } from './simulator-process.ts';
import { among, type ExpectedCalls, one, toldCalls } from './told.ts';

const some = expect.any(String);
const tagged = { tags: { a: '1' } };
const attached = one({ type: 'UserAssigned', userAssignedIdentities: expect.anything() });

const CALLS: ExpectedCalls = [
  ['identity createOrUpdate', { value: one({ name: 'id1', properties: one({ principalId: some }) }) }],
  ['identity get', { value: one({ name: 'id1', location: 'westeurope' }) }],
  ['identity get of none', { status: 404, code: 'ResourceNotFound' }],
  ['identity update', { value: one(tagged) }],
  ['identity list', { value: among({ name: 'id1' }) }],
  ['credential createOrUpdate', { value: one({ name: 'fic1' }) }],
  ['credential twice', { status: 400, code: 'BadRequest' }],
  ['credential list', { value: [one({ name: 'fic1' })] }],
  ['credential delete', { value: null }],
  ['assignment create', { value: one({ type: 'Microsoft.Authorization/roleAssignments' }) }],
  ['assignment under another name', { status: 409, code: 'RoleAssignmentExists' }],
  ['assignment get', { value: one({ properties: one({ principalType: 'ServicePrincipal' }) }) }],
  ['assignment list', { value: among({ name: '00000000-0000-4000-8000-00000000000a' }) }],
  ['assignment delete', { value: one({ name: '00000000-0000-4000-8000-00000000000a' }) }],
  ['definition list', { value: [one({ properties: one({ roleName: 'Reader' }) })] }],
  ['machine createOrUpdate', { value: one({ name: 'vm1' }) }],
  ['machine update', { value: one({ identity: attached }) }],
  ['machine get', { value: one({ identity: attached }) }],
  ['machine delete', { value: null }],
  ['scale set createOrUpdate', { value: one({ identity: attached }) }],
  ['scale set list', { value: [one({ name: 'ss1' })] }],
  ['account create', { value: one({ identity: one({ type: 'SystemAssigned', principalId: some }) }) }],
  ['account get', { value: one({ name: 'azidgo' }) }],
  ['group createOrUpdate', { value: one({ name: 'rg9' }) }],
  ['deployment createOrUpdate', { value: one({ properties: one({ provisioningState: 'Succeeded' }) }) }],
  ['resource list', { value: [one({ name: 'byGo' })] }],
  ['group delete', { value: null }],
  ['group get of what was deleted', { status: 404, code: 'ResourceGroupNotFound' }],
];

/** As locked by `go.sum`. */
async function build(): Promise<string> {
  const folder = join(homedir(), '.cache', 'azid', 'clients', 'go');
  await mkdir(folder, { recursive: true });
  const cwd = join(import.meta.dirname, 'go');
  const file = join(folder, 'azid-clients');
  // Go's own cache knows what is to be done.
  await promisify(execFile)('go', ['build', '-o', file, '.'], { cwd });
  return file;
}

function hasGo(): boolean {
  try {
    execFileSync('go', ['version']);
    return true;
  } catch {
    return false;
  }
}

if (hasGo())
  toldCalls('Go SDKs', CALLS, async (simulator) => {
    const { control, caFile, folder, tenantId } = simulator;
    const { clientId, token } = await administrator(simulator);
    await control('createResourceGroup', { name: 'rg1' });
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, token);
    const env = { CLIENT_ID: clientId, TENANT: tenantId, TOKEN_FILE: tokenFile, SSL_CERT_FILE: caFile };
    return { file: await build(), env };
  });
else describe('Go SDKs', () => test.skip('expected Go to be installed'));
