import { isCredentialOfInstallation } from '../../azure/names/credential-name.ts';
import type { OwnerView } from '../view.ts';
import { livingBy, type Objects, type ShownCredential } from './objects.ts';

/**
 * Whose a federated credential is: its name holds hashes of the installation and the object, so each object can say whether it is its
 * own, and of one that is gone only the readable part is left.
 */
export function credentialOwner(
  credential: ShownCredential,
  installationId: string,
  objects: Objects,
): OwnerView {
  if (!isCredentialOfInstallation(credential.name, installationId))
    return { state: 'unknown', why: 'its name does not prove that this installation of azid made it' };
  const by = livingBy(objects.credentialsOf(credential));
  if (by !== undefined) return { state: 'living', by };
  const record = objects.retained(credential.key);
  if (record?.unproven)
    return {
      state: 'unknown',
      why: 'it was there without an object when azid began to keep records of what it retains',
    };
  if (record) return { state: 'retained', owner: record.owner };
  // The name does not tell which namespace it is of.
  if (objects.isUnseen()) return { state: 'unknown', why: 'not all namespaces were seen yet' };
  return { state: 'gone', owner: credential.name.replace(/-[0-9a-f]+-[0-9a-f]+$/i, '') };
}
