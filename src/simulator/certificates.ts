import 'reflect-metadata';
import { createPrivateKey, generateKeyPair, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { systemClock } from './clock.ts';

// @peculiar/x509 resolves its parts through the metadata proposal and throws at import without this.

/** Certificates of servers that live on this machine for an hour: the simulated Azure's and the API server's. */

const DAY_MS = 24 * 3600_000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const LOOPBACK = ['127.0.0.1', 'localhost'];

/** Both PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly certificate: string;
}

interface CertificateAuthority {
  /** PEM: what clients must trust. */
  readonly certificate: string;
  /** For a TLS server; names are IP addresses or DNS names. Default: loopback. */
  issueServer(names?: readonly string[]): Promise<KeyAndCertificate>;
  /** A client that an API server knows as `user` in `groups` (CN and O of the subject). */
  issueClient(user: string, groups: readonly string[]): Promise<KeyAndCertificate>;
}

/**
 * A CA whose certificates hold from a day ago (clocks of virtual machines step back after a sleep) for a year. Their
 * validity follows the machine's clock, not an injected one: TLS stacks compare it with real time.
 */
export async function createCertificateAuthority(name: string): Promise<CertificateAuthority> {
  const validity = () => ({
    notBefore: new Date(systemClock.now() - DAY_MS),
    notAfter: new Date(systemClock.now() + 365 * DAY_MS),
  });
  const caKeys = await generateKeys();
  // A subject of its own: two CAs of one name and different keys confuse TLS clients that know both.
  const issuer = [{ CN: [`${name} ${randomBytes(4).toString('hex')}`] }];
  const ca = await X509CertificateGenerator.createSelfSigned({
    name: issuer,
    keys: caKeys,
    ...validity(),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  const issue = async (
    subject: Record<string, string[]>[],
    purpose: ExtendedKeyUsage,
    more: readonly Extension[] = [],
  ): Promise<KeyAndCertificate> => {
    const keys = await generateKeys();
    const certificate = await X509CertificateGenerator.create({
      subject,
      issuer,
      publicKey: keys.publicKey,
      signingKey: caKeys.privateKey,
      ...validity(),
      signingAlgorithm: ALGORITHM,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([purpose]),
        ...more,
      ],
    });
    return { key: await privatePem(keys.privateKey), certificate: certificate.toString('pem') };
  };
  return {
    certificate: ca.toString('pem'),
    issueServer: (names = LOOPBACK) =>
      issue([{ CN: [names[0] ?? 'server'] }], ExtendedKeyUsage.serverAuth, [
        new SubjectAlternativeNameExtension(
          names.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value })),
        ),
      ]),
    issueClient: (user, groups) =>
      issue([...groups.map((group) => ({ O: [group] })), { CN: [user] }], ExtendedKeyUsage.clientAuth),
  };
}

/** PEM, RSA, so that tokens are RS256: the only algorithm Entra accepts for federated credentials. */
export async function createSigningKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();
}

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
