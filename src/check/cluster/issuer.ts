/** Whether Entra could fetch the keys of this cluster's tokens, as a FederatedIdentityCredential with spec.kubernetes needs it. */
import { ClusterIssuer, type ObservedIssuer } from '../../kube/access/cluster-issuer.ts';
import { type CheckDeps, type CheckFinding, ok, problem, unknown } from '../finding.ts';

const AREA = 'issuer';

/** @param given `--cluster-issuer` of the controller */
export async function issuerFindings(
  { client, clock, signal }: CheckDeps,
  given: string | undefined,
): Promise<readonly CheckFinding[]> {
  const observed = await new ClusterIssuer({ client, clock, given }).current(signal);
  return [issuerFinding(observed, given !== undefined)];
}

/** Pure. */
export function issuerFinding(observed: ObservedIssuer, isGiven: boolean): CheckFinding {
  switch (observed.state) {
    case 'known':
      return ok(
        AREA,
        isGiven
          ? `${observed.issuer}, as --cluster-issuer of the controller gives it; nothing of it was checked`
          : `${observed.issuer} seems to be within Entra's reach`,
      );
    case 'unreachable':
      return problem(
        AREA,
        `Entra cannot reach ${observed.issuer}: ${observed.why}; no workload of this cluster can become an identity, nor azid itself by its ServiceAccount`,
        'run the API server with a public --service-account-issuer, or give the controller --cluster-issuer if Entra reaches it all the same',
      );
    case 'unknown':
      return unknown(
        AREA,
        `the issuer of this cluster's tokens could not be read: ${observed.error.message}`,
        'run the check as somebody who may read /.well-known/openid-configuration, or name it with --cluster-issuer',
      );
  }
}
