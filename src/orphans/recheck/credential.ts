import { isCredentialOfInstallation } from '../../azure/names/credential-name.ts';
import type { LiveCredential, LiveObservation } from '../live.ts';
import { credentialOwner } from '../owners/credential.ts';
import type { Objects } from '../owners/objects.ts';
import type { Candidate } from '../report.ts';
import { isAzidItself } from '../self.ts';
import { type Answer, keep, keptByMaker, keptByOwner } from './answer.ts';

/** Still azid's, and still nobody's. */
export function recheckCredential(
  candidate: Candidate,
  { credential, identity }: LiveCredential,
  live: LiveObservation,
  objects: Objects,
): Answer {
  const { installationId, self } = live;
  if (isAzidItself(identity, self)) return keep('AzidItself', 'by it azid itself signs in');
  if (!isCredentialOfInstallation(credential.name, installationId))
    return keep('NotProven', 'its name does not prove that this installation of azid made it');
  return (
    keptByOwner(credentialOwner(credential, installationId, objects), candidate) ??
    keptByMaker(identity.madeBy, candidate, live) ?? { type: 'delete' }
  );
}
