import { z } from 'zod';
import { ArmError } from '../http/operation.ts';
import { IDENTITY_TYPE } from '../identities/identities.ts';
import type { CredentialFields, FederatedCredential } from './credentials.ts';

export const CREDENTIAL_TYPE = `${IDENTITY_TYPE}/federatedIdentityCredentials`;

/** A federated credential as ARM answers it. */
export function credentialBody({ identityId: parent, name, issuer, subject, audience }: FederatedCredential) {
  return {
    properties: { issuer, subject, audiences: [audience] },
    id: `${parent}/federatedIdentityCredentials/${name}`,
    name,
    type: CREDENTIAL_TYPE,
  };
}

const bodySchema = z.object({
  properties: z.object({
    issuer: z.string().min(1),
    subject: z.string().min(1),
    audiences: z.array(z.string()),
  }),
});

/** docs/azure-facts.md section 4. */
const MAX_FIELD = 600;

/** What a PUT states; throws the refusal of a body that Azure does not take. */
export function readFields(body: unknown): CredentialFields {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) throw emptyProperties();
  const { issuer, subject, audiences } = parsed.data.properties;
  const [audience] = audiences;
  if (audience === undefined || audience === '' || audiences.length !== 1) throw notOneAudience();
  for (const [field, value] of Object.entries({ issuer, subject, audience }))
    if (value.length > MAX_FIELD) throw tooLong(field, MAX_FIELD);
  return { issuer, subject, audience };
}

/** What else the identity provider refuses about federated credentials: texts of docs/azure-facts.md section 4, its codes are unsure. */
const badRequest = (message: string) => new ArmError(400, 'BadRequest', message);

export const regionNotSupported = () =>
  new ArmError(
    405,
    'MethodNotAllowed',
    'The request format was unexpected: Support for federated identity credentials not enabled.',
  );

const notOneAudience = () => badRequest('Federated identity credentials must have exactly one audience.');

const emptyProperties = () => badRequest('Federated Identity Credential from HTTP body has empty properties');

export const invalidName = (name: string) =>
  badRequest(`Federated Identity Credential name '${name}' is invalid.`);

export const parentMissing = () =>
  new ArmError(404, 'NotFound', "The parent user-assigned identity doesn't exist.");

export const duplicate = () =>
  badRequest('Issuer and subject combination already exists for this Managed Identity.');

/** 409; also reported as `ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity` (reported). */
export const concurrentWrite = () => new ArmError(409, 'Conflict', 'Conflict');

/** Text ours: docs/azure-facts.md has the limit, not the answer. */
const tooLong = (field: string, limit: number) =>
  badRequest(`Federated Identity Credential ${field} must not exceed ${limit} characters.`);

/** Status (knob) and text of the 21st are unsure. */
export const tooMany = (limit: number, status: number) =>
  new ArmError(
    status,
    'TooManyFederatedIdentityCredentials',
    `A managed identity can have at most ${limit} federated identity credentials.`,
  );
