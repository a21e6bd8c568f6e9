import { createCertificateAuthority } from './certificates.ts';

/** What the HTTPS server needs, and the CA that clients must trust (`tlsOptions.ca` or `NODE_EXTRA_CA_CERTS`). */
export interface Pki {
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

/** A private CA and a server certificate for 127.0.0.1 and localhost. */
export async function createPki(): Promise<Pki> {
  const ca = await createCertificateAuthority('azid simulated Azure CA');
  const { certificate, key } = await ca.issueServer();
  return { caPem: ca.certificate, certPem: certificate, keyPem: key };
}
