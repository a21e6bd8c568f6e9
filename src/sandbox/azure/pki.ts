import './reflect-metadata.ts';
import { createPrivateKey, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { systemClock } from '../../runtime/clock.ts';

/** What the HTTPS server needs, and the CA that clients must trust (`tlsOptions.ca` or `NODE_EXTRA_CA_CERTS`). */
export interface Pki {
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

const DAY_MS = 24 * 3600_000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/**
 * A private CA and a server certificate for 127.0.0.1 and localhost. Its validity follows the machine's clock, not
 * the injected one: TLS stacks compare it with real time, whatever time the simulated Azure has.
 */
export async function createPki(): Promise<Pki> {
  const { subtle } = webcrypto;
  const usages: webcrypto.KeyUsage[] = ['sign', 'verify'];
  const [caKeys, serverKeys] = await Promise.all([
    subtle.generateKey(algorithm, true, usages),
    subtle.generateKey(algorithm, true, usages),
  ]);
  const notBefore = new Date(systemClock.now() - DAY_MS);
  const notAfter = new Date(systemClock.now() + 365 * DAY_MS);
  const caName = 'CN=azid simulated Azure CA';
  const ca = await X509CertificateGenerator.createSelfSigned({
    name: caName,
    keys: caKeys,
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  const server = await X509CertificateGenerator.create({
    subject: 'CN=azid simulated Azure',
    issuer: caName,
    publicKey: serverKeys.publicKey,
    signingKey: caKeys.privateKey,
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([
        { type: 'ip', value: '127.0.0.1' },
        { type: 'dns', value: 'localhost' },
      ]),
    ],
  });
  const pkcs8 = Buffer.from(await subtle.exportKey('pkcs8', serverKeys.privateKey));
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  return {
    caPem: ca.toString('pem'),
    certPem: server.toString('pem'),
    keyPem: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}
