import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../runtime/clock.ts';
import { FakeClock } from '../../runtime/fake-clock.ts';
import * as der from './der.ts';
import { createCertificateAuthority, createSigningKey } from './pki.ts';

describe('the certificate authority', () => {
  it('makes a server and a client that TLS accepts on both sides', async () => {
    const ca = await createCertificateAuthority(systemClock);
    const [serving, client] = [await ca.issueServer(), await ca.issueClient('anna', ['a', 'b'])];
    const server = createServer({
      ca: ca.certificate,
      cert: serving.certificate,
      key: serving.key,
      requestCert: true,
      rejectUnauthorized: true,
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'secureConnection');
    const { port } = server.address() as AddressInfo;
    const socket = connect({
      host: '127.0.0.1',
      port,
      ca: ca.certificate,
      cert: client.certificate,
      key: client.key,
    });
    try {
      await once(socket, 'secureConnect');
      const [seen] = (await accepted) as [TLSSocket];
      expect(seen.getPeerCertificate().subject).toMatchObject({ CN: 'anna', O: ['a', 'b'] });
      seen.destroy();
    } finally {
      socket.destroy();
      server.close();
    }
  });

  it('is not the authority of another control plane', async () => {
    const [ours, theirs] = await Promise.all([
      createCertificateAuthority(systemClock),
      createCertificateAuthority(systemClock),
    ]);
    const leaf = new X509Certificate((await ours.issueServer()).certificate);
    expect(leaf.checkIssued(new X509Certificate(ours.certificate))).toBe(true);
    expect(leaf.checkIssued(new X509Certificate(theirs.certificate))).toBe(false);
  });

  it('names the addresses it was asked for, marks only itself as authority, and keeps the clock’s dates', async () => {
    const clock = new FakeClock(Date.parse('2049-06-01T00:00:00Z'));
    const ca = await createCertificateAuthority(clock);
    const leaf = new X509Certificate((await ca.issueServer(['10.1.2.3', 'a.example'])).certificate);
    expect(leaf.subjectAltName).toBe('IP Address:10.1.2.3, DNS:a.example');
    expect(leaf.ca).toBe(false);
    expect(new X509Certificate(ca.certificate).ca).toBe(true);
    // One date on either side of 2050, where the encoding changes.
    expect(leaf.validFromDate.toISOString()).toBe('2049-05-31T00:00:00.000Z');
    expect(leaf.validToDate.toISOString()).toBe('2050-06-01T00:00:00.000Z');
  });

  it('makes RSA keys for tokens', async () => {
    expect(createPrivateKey(await createSigningKey()).asymmetricKeyType).toBe('rsa');
  });
});

describe('DER', () => {
  it.each([
    ['a short length', der.octetString(Buffer.alloc(127)).subarray(0, 2), '047f'],
    ['a length of one octet', der.octetString(Buffer.alloc(128)).subarray(0, 3), '048180'],
    ['a length of two octets', der.octetString(Buffer.alloc(256)).subarray(0, 4), '04820100'],
    ['zero', der.integer(Buffer.from([0])), '020100'],
    ['a number with its first bit set', der.integer(Buffer.from([0x80])), '02020080'],
    ['a number with leading zeros', der.integer(Buffer.from([0, 0, 1])), '020101'],
    ['an object identifier with large arcs', der.objectIdentifier('1.2.840.113549'), '06062a864886f70d'],
    ['a bit string of seven bits', der.bitString(Buffer.from([6]), 1), '03020106'],
  ])('encodes %s', (_, encoded, hex) => {
    expect(encoded.toString('hex')).toBe(hex);
  });
});
