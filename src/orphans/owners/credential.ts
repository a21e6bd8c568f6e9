import {
  type CredentialOwner,
  isCredentialOf,
  isCredentialOfInstallation,
} from '../../azure/names/credential-name.ts';
import type { ObservedOwner } from '../observed.ts';
import { livingOf, type Objects, type ShownCredential, UNPROVEN_REMEDY } from './objects.ts';

/**
 * Whose a federated credential is: its name holds hashes of the installation and the object, so each object can say whether it is its
 * own, and of one that is gone only the readable part is left.
 */
export function credentialOwner(
  credential: ShownCredential,
  installationId: string,
  objects: Objects,
): ObservedOwner {
  if (!isCredentialOfInstallation(credential.name, installationId))
    return { state: 'unknown', why: 'its name does not prove that this installation of azid made it' };
  const living = livingOf(objects.credentialsOf(credential));
  if (living) return living;
  const record = objects.retained(credential.key);
  if (record?.unproven)
    return {
      state: 'unknown',
      why: UNPROVEN_REMEDY,
    };
  if (record) return { state: 'retained', owner: record.owner };
  const owner = ownerInName(credential.name, installationId);
  const isUnseen = owner ? objects.isUnseen(owner.namespace) : objects.isUnseen();
  if (isUnseen)
    return {
      state: 'unknown',
      why: owner ? `namespace ${owner.namespace} was not seen yet` : 'not all namespaces were seen yet',
    };
  return { state: 'gone', owner: ownerNamedIn(credential.name, installationId) };
}

/** Whose it is by its name: namespace and name where they can be determined, else what is readable of them. */
export function ownerNamedIn(name: string, installationId: string): string {
  const owner = ownerInName(name, installationId);
  return owner ? `${owner.namespace}/${owner.name}` : readablePart(name);
}

/** Namespace and name, where the readable part was neither shortened nor altered: the hash shows which of its dashes stands between them. */
function ownerInName(name: string, installationId: string): CredentialOwner | undefined {
  const readable = readablePart(name);
  for (let at = readable.indexOf('-'); at >= 0; at = readable.indexOf('-', at + 1)) {
    const owner = { namespace: readable.slice(0, at), name: readable.slice(at + 1) };
    if (owner.namespace !== '' && owner.name !== '' && isCredentialOf(name, installationId, owner))
      return owner;
  }
  return undefined;
}

function readablePart(name: string): string {
  return name.replace(/-[0-9a-f]+-[0-9a-f]+$/i, '');
}
