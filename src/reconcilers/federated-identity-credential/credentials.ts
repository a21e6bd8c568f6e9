import type { AzureFederatedCredential } from '../../azure/azure-federated-credential.ts';
import type { Priority } from '../../runtime/outcome.ts';
import { failureOf } from '../failure.ts';
import type { VisitContext } from '../kind.ts';
import type { CredentialsView, SeenCredential } from './facts.ts';

/** What is on an identity, as the mirror holds it or as Azure says now. */

export type CredentialPicture =
  /** `ageMs`: since the list began that this rests on; own writes since are in it. */
  | {
      readonly state: 'known';
      readonly credentials: readonly AzureFederatedCredential[];
      readonly ageMs: number;
    }
  /** Azure says that the identity is not there. */
  | { readonly state: 'identityGone' }
  | { readonly state: 'unknown' };

export interface CredentialEyes {
  readonly credentialMirror: {
    of(identityId: string): CredentialPicture;
    refresh(identityId: string, priority: Priority, signal: AbortSignal): Promise<CredentialPicture>;
  };
}

/** From memory; undefined where only Azure can tell. */
export function heldCredentials(
  identityId: string,
  visitMs: number,
  { credentialMirror }: CredentialEyes,
): CredentialsView | undefined {
  return viewOf(credentialMirror.of(identityId), visitMs);
}

export async function readCredentials(
  identityId: string,
  { priority, signal }: VisitContext,
  { credentialMirror }: CredentialEyes,
): Promise<CredentialsView> {
  try {
    const picture = await credentialMirror.refresh(identityId, priority, signal);
    return viewOf(picture, Number.POSITIVE_INFINITY) ?? { state: 'identityGone' };
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) throw error;
    return { state: 'unreadable', failure };
  }
}

/** What was read since the visit began is as live as a read made now. */
function viewOf(picture: CredentialPicture, visitMs: number): CredentialsView | undefined {
  if (picture.state !== 'known') return undefined;
  const credentials = picture.credentials.map(seen);
  return { state: 'known', credentials, live: picture.ageMs <= visitMs };
}

function seen({ id, name, issuer, subject, audiences }: AzureFederatedCredential): SeenCredential {
  // Exactly one (azure.md section 4); should there ever be more, they are nobody's audience.
  return { id, name, issuer, subject, audience: audiences.join(' ') };
}
