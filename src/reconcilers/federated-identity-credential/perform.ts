import { parseCredentialId } from '../../azure/azure-federated-credential.ts';
import type { FederatedCredentials } from '../../azure/federated-credentials.ts';
import type { Performed, ReconcileContext } from '../kind.ts';
import type { CredentialWrite } from './facts.ts';

export interface PerformDeps {
  readonly credentials: Pick<FederatedCredentials, 'put' | 'delete'>;
}

/** Carries out one action. Thin on purpose: everything that could be decided was decided before. */
export async function perform(
  action: CredentialWrite,
  context: ReconcileContext,
  { credentials }: PerformDeps,
): Promise<Performed> {
  const { identityId, name } = parseCredentialId(action.id);
  const { correlationId } =
    action.type === 'putCredential'
      ? await credentials.put(identityId, name, action.trust, context)
      : await credentials.delete(identityId, name, context);
  return { write: { event: action.event, ...(correlationId !== undefined && { correlationId }) } };
}
