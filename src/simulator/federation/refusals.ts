/** What the identity provider refuses about federated credentials: texts of docs/azure-facts.md section 4, its codes are unsure. */
import { ArmError } from '../http/operation.ts';

const badRequest = (message: string) => new ArmError(400, 'BadRequest', message);

export const regionNotSupported = () =>
  new ArmError(
    405,
    'MethodNotAllowed',
    'The request format was unexpected: Support for federated identity credentials not enabled.',
  );

export const notOneAudience = () =>
  badRequest('Federated identity credentials must have exactly one audience.');

export const emptyProperties = () =>
  badRequest('Federated Identity Credential from HTTP body has empty properties');

export const invalidName = (name: string) =>
  badRequest(`Federated Identity Credential name '${name}' is invalid.`);

export const parentMissing = () =>
  new ArmError(404, 'NotFound', "The parent user-assigned identity doesn't exist.");

export const duplicate = () =>
  badRequest('Issuer and subject combination already exists for this Managed Identity.');

/** 409; also told as `ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity` (reported). */
export const concurrentWrite = () => new ArmError(409, 'Conflict', 'Conflict');

/** Text ours: docs/azure-facts.md knows the limit, not the answer. */
export const tooLong = (field: string, limit: number) =>
  badRequest(`Federated Identity Credential ${field} must not exceed ${limit} characters.`);

/** Status (knob) and text of the 21st are unsure. */
export const tooMany = (limit: number, status: number) =>
  new ArmError(
    status,
    'TooManyFederatedIdentityCredentials',
    `A managed identity can have at most ${limit} federated identity credentials.`,
  );
