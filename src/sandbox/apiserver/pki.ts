/**
 * The keys of one control plane: a CA of its own, certificates by it, and the key that signs ServiceAccount tokens.
 * Written out here because @peculiar/x509 loads only after a polyfill of the global `Reflect` (by tsyringe), which no
 * launcher of test servers is worth.
 */
import { createHash, generateKeyPair, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { promisify } from 'node:util';
import type { Clock } from '../../runtime/clock.ts';
import * as der from './der.ts';

const HOUR_MS = 3_600_000;
/** Clocks of virtual machines step back after a sleep. */
const BACKDATE_MS = 24 * HOUR_MS;
const LIFETIME_MS = 365 * 24 * HOUR_MS;

const ECDSA_WITH_SHA256 = der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'));
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
/** Key usage as a bit string: digitalSignature (bit 0); keyCertSign and cRLSign (bits 5 and 6). */
const DIGITAL_SIGNATURE = der.bitString(Buffer.from([0b1000_0000]), 7);
const SIGN_CERTIFICATES = der.bitString(Buffer.from([0b0000_0110]), 1);
/** IPv4 loopback, and what a pod would call the API server. */
const SERVER_NAMES = ['127.0.0.1', 'localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];

/** Both PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly certificate: string;
}

export interface CertificateAuthority {
  /** PEM */
  readonly certificate: string;
  /** For a TLS server; names are IPv4 addresses or DNS names. Default: this machine, and the API server's names. */
  issueServer(names?: readonly string[]): Promise<KeyAndCertificate>;
  /** A client the API server knows as `user` in `groups` (CN and O of the subject). */
  issueClient(user: string, groups: readonly string[]): Promise<KeyAndCertificate>;
}

interface Content {
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

/** The certificates hold from a day ago for a year. */
export async function createCertificateAuthority(clock: Clock): Promise<CertificateAuthority> {
  const ca = await generateEcKey();
  const name = distinguishedName([['2.5.4.3', `azid sandbox CA ${randomBytes(4).toString('hex')}`]]);
  const keyId = keyIdentifier(ca.publicKey);

  const certify = ({ subject, publicKey, extensions }: Content): string => {
    const now = clock.now();
    const body = der.sequence(
      der.explicit(0, der.integer(Buffer.from([2]))), // v3
      der.integer(Buffer.concat([Buffer.from([0x40]), randomBytes(15)])),
      ECDSA_WITH_SHA256,
      name,
      der.sequence(der.time(now - BACKDATE_MS), der.time(now + LIFETIME_MS)),
      subject,
      publicKey.export({ type: 'spki', format: 'der' }),
      der.explicit(3, der.sequence(...extensions)),
    );
    const signature = sign('sha256', body, ca.privateKey);
    return pem('CERTIFICATE', der.sequence(body, ECDSA_WITH_SHA256, der.bitString(signature)));
  };

  const issue = async (
    subject: Buffer,
    purpose: string,
    names: readonly string[],
  ): Promise<KeyAndCertificate> => {
    const { publicKey, privateKey } = await generateEcKey();
    const certificate = certify({
      subject,
      publicKey,
      extensions: [
        extension('2.5.29.19', true, der.sequence()), // basicConstraints: no CA
        extension('2.5.29.15', true, DIGITAL_SIGNATURE),
        extension('2.5.29.37', false, der.sequence(der.objectIdentifier(purpose))),
        extension('2.5.29.35', false, der.sequence(der.implicit(0, keyId))), // authorityKeyIdentifier
        ...(names.length > 0
          ? [extension('2.5.29.17', false, der.sequence(...names.map(alternativeName)))]
          : []),
      ],
    });
    return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), certificate };
  };

  return {
    certificate: certify({
      subject: name,
      publicKey: ca.publicKey,
      extensions: [
        extension('2.5.29.19', true, der.sequence(der.boolean(true))),
        extension('2.5.29.15', true, SIGN_CERTIFICATES),
        extension('2.5.29.14', false, der.octetString(keyId)), // subjectKeyIdentifier
      ],
    }),
    issueServer: (names = SERVER_NAMES) =>
      issue(distinguishedName([['2.5.4.3', names[0] ?? 'server']]), SERVER_AUTH, names),
    issueClient: (user, groups) => {
      const parts: [string, string][] = groups.map((group) => ['2.5.4.10', group]);
      return issue(distinguishedName([...parts, ['2.5.4.3', user]]), CLIENT_AUTH, []);
    },
  };
}

/** PEM, RSA, so that tokens are RS256: the only algorithm Entra accepts for federated credentials. */
export async function createSigningKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function generateEcKey(): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  return promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
}

function distinguishedName(parts: readonly (readonly [oid: string, value: string])[]): Buffer {
  return der.sequence(
    ...parts.map(([oid, value]) => der.set(der.sequence(der.objectIdentifier(oid), der.utf8String(value)))),
  );
}

function extension(oid: string, critical: boolean, value: Buffer): Buffer {
  const flag = critical ? [der.boolean(true)] : []; // DER leaves a default value out.
  return der.sequence(der.objectIdentifier(oid), ...flag, der.octetString(value));
}

function alternativeName(name: string): Buffer {
  if (isIPv4(name)) return der.implicit(7, Buffer.from(name.split('.').map(Number)));
  return der.implicit(2, Buffer.from(name));
}

/** RFC 5280 section 4.2.1.2, method 1, over the point: the last 65 octets of a P-256 key. */
function keyIdentifier(key: KeyObject): Buffer {
  const point = key.export({ type: 'spki', format: 'der' }).subarray(-65);
  return createHash('sha1').update(point).digest();
}

function pem(label: string, content: Buffer): string {
  const lines = content
    .toString('base64')
    .replaceAll(/(.{64})/g, '$1\n')
    .trimEnd();
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
