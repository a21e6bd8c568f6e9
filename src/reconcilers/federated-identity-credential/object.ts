import { parseCredentialId } from '../../azure/azure-federated-credential.ts';
import {
  credentialName,
  isCredentialOf,
  isCredentialOfInstallation,
} from '../../azure/names/credential-name.ts';
import { ifParsed, sameId } from '../../azure/names/resource-id.ts';
import type { Keeping } from '../retained.ts';
import type { Action, Facts, FederatedIdentityCredential, OwnStatus } from './facts.ts';

/** What every branch of the decision reads off the object. */

/** The name of the object's credential in Azure, on any identity. */
export function nameOf(object: FederatedIdentityCredential, installationId: string): string {
  const { namespace = '', name } = object.metadata;
  return credentialName(installationId, { namespace, name });
}

/** The ARM id of the object's credential on this identity. */
export function credentialIdOn(identityId: string, name: string): string {
  return `${identityId}/federatedIdentityCredentials/${name}`;
}

/** Whether the name proves that this installation made it for this very object; a ledger alone proves nothing. */
export function isProven(
  id: string,
  object: FederatedIdentityCredential,
  facts: Pick<Facts, 'installationId'>,
): boolean {
  const { namespace = '', name } = object.metadata;
  // What is no id of a credential was never azid's, and must not keep an object for ever.
  const isOwn = () => isCredentialOf(parseCredentialId(id).name, facts.installationId, { namespace, name });
  return ifParsed(isOwn) ?? false;
}

/** Of a credential that no object has. */
export function whoseIs(name: string, { installationId }: Pick<Facts, 'installationId'>): string {
  return isCredentialOfInstallation(name, installationId)
    ? 'which azid made for an object that has let it go'
    : 'which azid did not make';
}

/** What the ledger names, and what carries the object's name on its identity although the ledger was lost. */
export function ownCredentials(object: FederatedIdentityCredential, facts: Facts): readonly string[] {
  const ledger = object.status?.ledger ?? [];
  const { identity, credentials } = facts;
  if (identity.state !== 'owned' || credentials?.state !== 'known') return ledger;
  const id = credentialIdOn(identity.id, nameOf(object, facts.installationId));
  const there = credentials.credentials.some((each) => sameId(each.id, id));
  return there && !ledger.some((each) => sameId(each, id)) ? [...ledger, id] : ledger;
}

/** In order of age, the uid breaking a tie the same way everywhere. */
export function ageOf({ creationTimestamp, uid }: { creationTimestamp: string; uid: string }): string {
  return `${creationTimestamp} ${uid}`;
}

/** `namespace/name` of the UserAssignedIdentity. */
export function identityKey({ metadata, spec }: FederatedIdentityCredential): string {
  return `${metadata.namespace}/${spec.identityRef.name}`;
}

/** What counts as the object's where it says `Retain`: the ledger has it before it is made. */
export const kept: Keeping<FederatedIdentityCredential, Facts, Action, OwnStatus> = {
  ids: (object, facts, { status: { ledger = [] } }) => ledger.filter((id) => isProven(id, object, facts)),
  gives: ({ type }) => type === 'putCredential',
};
