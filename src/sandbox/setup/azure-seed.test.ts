import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../runtime/time/clock.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';
import { SUBJECT, SUBSCRIPTION_ID, TENANT_ID, TOKEN_EXCHANGE_AUDIENCE } from '../names.ts';
import { type OwnIdentity, seedAzure } from './azure-seed.ts';

const ISSUER = 'https://issuer.example';
const IDENTITIES = `/subscriptions/${SUBSCRIPTION_ID}/resourceGroups/quickstart/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;

describe('the simulated Azure of a sandbox', () => {
  let azure: Simulator;
  let own: OwnIdentity;
  let agent: Agent;
  let sign: (claims: { sub?: string; aud?: string; iss?: string }) => Promise<string>;

  beforeAll(async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256');
    const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256' }] };
    sign = ({ sub = SUBJECT, aud = TOKEN_EXCHANGE_AUDIENCE, iss = ISSUER }) =>
      new SignJWT({})
        .setProtectedHeader({ alg: 'RS256', kid: 'k' })
        .setSubject(sub)
        .setAudience(aud)
        .setIssuer(iss)
        .setIssuedAt()
        .setExpirationTime('10m')
        .sign(privateKey);
    const given = { clock: systemClock, tenantId: TENANT_ID, subscriptionId: SUBSCRIPTION_ID };
    // Honest: nothing of the seed may still be on its way.
    azure = await startSimulator(given);
    agent = new Agent({ connect: { ca: azure.caPem } });
    own = await seedAzure(azure, { issuer: ISSUER, keys: async () => keys });
  });
  afterAll(async () => {
    await agent?.close();
    await azure?.stop();
  });

  async function exchange(assertion: string): Promise<{ access_token?: string; error_codes?: number[] }> {
    const { body } = await request(`${azure.origin}/${TENANT_ID}/oauth2/v2.0/token`, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: own.clientId,
        scope: 'https://management.azure.com/.default',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      }).toString(),
    });
    return (await body.json()) as { access_token?: string; error_codes?: number[] };
  }

  async function arm(method: 'GET' | 'PUT' | 'DELETE', path: string, body?: object): Promise<number> {
    const { access_token } = await exchange(await sign({}));
    const version = path.includes('Microsoft.Authorization') ? '2022-04-01' : '2024-11-30';
    const answer = await request(`${azure.origin}${path}?api-version=${version}`, {
      dispatcher: agent,
      method,
      headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    await answer.body.dump();
    return answer.statusCode;
  }

  it("lets the controller's ServiceAccount in, at once, under the name of controller", async () => {
    expect(await arm('GET', IDENTITIES)).toBe(200);
    expect(azure.requests().at(-1)).toMatchObject({ caller: 'controller', status: 200 });
  });

  it.each([
    ['another subject', { sub: 'system:serviceaccount:default:azid-controller' }],
    ['another audience', { aud: 'https://kubernetes.default.svc' }],
    ['another issuer', { iss: 'https://elsewhere.example' }],
  ])('lets nobody in with %s', async (_, claims) => {
    expect(await exchange(await sign(claims))).toMatchObject({ error_codes: [70021] });
  });

  it('gives azid the rights of deploy/azure and no others', async () => {
    azure.control.setKnobs({ latencyMs: { 'identities.createOrUpdate': 0, 'roleAssignments.create': 0 } });
    expect(await arm('PUT', `${IDENTITIES}/shop`, { location: 'westeurope' })).toBe(201);
    const assignment = `${IDENTITIES}/shop/providers/Microsoft.Authorization/roleAssignments/8b1e2d3c-0000-4000-8000-000000000001`;
    const roleDefinitionId =
      '/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7';
    expect(
      await arm('PUT', assignment, { properties: { roleDefinitionId, principalId: own.principalId } }),
    ).toBe(201);
    expect(
      await arm('PUT', `${IDENTITIES}/shop/federatedIdentityCredentials/abc`, {
        properties: { issuer: ISSUER, subject: 's', audiences: [TOKEN_EXCHANGE_AUDIENCE] },
      }),
    ).toBe(201);
    const role = `/subscriptions/${azure.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/8b1e2d3c-0000-4000-8000-000000000002`;
    expect(
      await arm('PUT', role, { properties: { roleName: 'all', permissions: [{ actions: ['*'] }] } }),
    ).toBe(403);
  });
});
