import type { ObservedCredential } from '../observed.ts';
import { type Finding, type Judging, keptBy, keptByDoubt, keptByMaker } from './listing.ts';

/** What a credential that azid made is listed as; undefined: it is no candidate. */
export function credentialFinding(credential: ObservedCredential, judging: Judging): Finding | undefined {
  const { owner } = credential;
  switch (owner.state) {
    case 'living':
    case 'retained':
    case 'otherInstallation':
      return undefined;
    case 'unknown':
      return {
        type: 'FederatedIdentityCredential',
        reason: 'OwnerUnknown',
        kept: keptBy('OwnerUnknown', owner.why, 'held'),
      };
    case 'gone': {
      const kept = keptByMaker(credential, judging) ?? keptByDoubt(credential, judging.observed.areas);
      return {
        type: 'FederatedIdentityCredential',
        reason: 'OwnerGone',
        owner: owner.owner,
        ...(kept && { kept }),
      };
    }
  }
}
