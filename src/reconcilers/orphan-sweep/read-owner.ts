import { federatedIdentityCredential } from '../../api/federated-identity-credential.ts';
import { roleGrant } from '../../api/role-grant.ts';
import { userAssignedIdentity } from '../../api/user-assigned-identity.ts';
import { parseCredentialId } from '../../azure/azure-federated-credential.ts';
import { isCredentialOf } from '../../azure/names/credential-name.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isNotFound, KubeError } from '../../kube/errors.ts';
import type { KubeObject, Resource } from '../../kube/types.ts';
import type { LiveOwner } from '../../orphans/live.ts';
import { type OwnerKey, ownerToRead } from '../../orphans/recheck.ts';
import type { ReadTarget } from './facts.ts';

interface OwnerDeps {
  readonly client: Pick<KubeClient, 'get' | 'list'>;
  readonly installationId: string;
}

const OWNERS: Readonly<Record<OwnerKey['kind'], Resource>> = {
  UserAssignedIdentity: userAssignedIdentity.resource,
  RoleGrant: roleGrant.resource,
  FederatedIdentityCredential: federatedIdentityCredential.resource,
};

/** The owner of a candidate as the API server itself has it: a store whose watch is behind does not show what was just made. */
export async function ownerNow(
  candidate: ReadTarget,
  signal: AbortSignal,
  { client, installationId }: OwnerDeps,
): Promise<LiveOwner> {
  const named = ownerToRead(candidate);
  if (named) {
    try {
      await client.get(
        OWNERS[named.kind] as Resource<KubeObject>,
        `${named.namespace}/${named.name}`,
        signal,
      );
      return { state: 'present' };
    } catch (error) {
      if (isNotFound(error)) return { state: 'absent' };
      if (error instanceof KubeError) return { state: 'unread', why: error.message };
      throw error;
    }
  }
  if (candidate.type !== 'FederatedIdentityCredential') return { state: 'notNamed' };
  const { name } = parseCredentialId(candidate.id);
  try {
    const { items } = await client.list(federatedIdentityCredential.resource, {}, signal);
    const lives = items.some(({ metadata }) =>
      isCredentialOf(name, installationId, { namespace: metadata.namespace ?? '', name: metadata.name }),
    );
    return { state: lives ? 'present' : 'notNamed' };
  } catch (error) {
    if (error instanceof KubeError) return { state: 'unread', why: error.message };
    throw error;
  }
}
