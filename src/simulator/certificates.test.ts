import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createCertificateAuthority, createSigningKey } from './certificates.ts';

describe('the certificate authority', () => {
  it('makes a server and a client that TLS accepts on both sides', async () => {
    const ca = await createCertificateAuthority('test');
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
      createCertificateAuthority('test'),
      createCertificateAuthority('test'),
    ]);
    const leaf = new X509Certificate((await ours.issueServer()).certificate);
    expect(leaf.checkIssued(new X509Certificate(ours.certificate))).toBe(true);
    expect(leaf.checkIssued(new X509Certificate(theirs.certificate))).toBe(false);
  });

  it('names the addresses it was asked for and marks only itself as authority', async () => {
    const ca = await createCertificateAuthority('test');
    const leaf = new X509Certificate((await ca.issueServer(['10.1.2.3', 'a.example'])).certificate);
    expect(leaf.subjectAltName).toBe('IP Address:10.1.2.3, DNS:a.example');
    expect(leaf.ca).toBe(false);
    expect(new X509Certificate(ca.certificate).ca).toBe(true);
  });

  it('makes RSA keys for tokens', async () => {
    expect(createPrivateKey(await createSigningKey()).asymmetricKeyType).toBe('rsa');
  });
});
