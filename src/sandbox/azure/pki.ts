import { createCertificateAuthority } from '../pki.ts';

/** What the HTTPS server needs, and the CA that clients must trust (`tlsOptions.ca` or `NODE_EXTRA_CA_CERTS`). */
export interface Pki {
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

/** Of this process: whoever trusts one of its simulators trusts all of them. */
let pki: Promise<Pki> | undefined;

/** A private CA and a server certificate for 127.0.0.1 and localhost, the same for all simulators of a process. */
export function createPki(): Promise<Pki> {
  pki ??= issue();
  return pki;
}

async function issue(): Promise<Pki> {
  const ca = await createCertificateAuthority('azid simulated Azure CA');
  const { certificate, key } = await ca.issueServer();
  return { caPem: ca.certificate, certPem: certificate, keyPem: key };
}
