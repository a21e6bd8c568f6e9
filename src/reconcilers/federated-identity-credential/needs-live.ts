import type { CredentialDecision, Facts, FederatedIdentityCredential } from './facts.ts';

/** The identity and all credentials on it, among what is to be read live. */
export const CREDENTIALS = 'credentials';

/** A write, and a line that leaves the ledger, is only ever decided from Azure's answers during this reconcile. */
export function needsLive(
  { status, metadata }: FederatedIdentityCredential,
  { identity, credentials, elsewhere = [], openWriteMs }: Facts,
  { actions }: CredentialDecision,
): readonly string[] {
  if (identity.state !== 'owned' || credentials?.state !== 'known') return [];
  if (identity.live && credentials.live && elsewhere.every(({ live }) => live)) return [];
  const restsOnIt =
    metadata.deletionTimestamp !== undefined ||
    // Credentials go with their identity; one made again under the same name has none of them.
    (status?.principalId !== undefined && status.principalId !== identity.principalId) ||
    (status?.writeStartedAt !== undefined && openWriteMs === 0) ||
    actions.some(({ type }) => type === 'putCredential' || type === 'deleteCredential');
  return restsOnIt ? [CREDENTIALS] : [];
}
