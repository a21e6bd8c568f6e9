import { parseCredentialId } from '../../azure/azure-federated-credential.ts';
import type { FederatedCredentials } from '../../azure/federated-credentials.ts';
import { type Performed, type ReconcileContext, written } from '../kind.ts';
import type { CredentialWrite } from './facts.ts';

interface PerformDeps {
  readonly credentials: Pick<FederatedCredentials, 'put' | 'delete'>;
}

/** Carries out one action. Thin on purpose: everything that could be decided was decided before. */
export async function perform(
  action: CredentialWrite,
  context: ReconcileContext,
  { credentials }: PerformDeps,
): Promise<Performed> {
  const { id, event } = action;
  const { identityId, name } = parseCredentialId(id);
  if (action.type === 'putCredential') {
    const { correlationId } = await credentials.put(identityId, name, action.trust, context);
    return written(event, { id, change: 'write' }, { correlationId });
  }
  return written(event, { id, change: 'delete' }, await credentials.delete(identityId, name, context));
}
