import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { createCertificateAuthority } from '../certificates.ts';
import { listen } from './server.ts';

it('a listener closes though a client has not got as far as TLS', async () => {
  const ca = await createCertificateAuthority('test');
  const { certificate, key } = await ca.issueServer(['127.0.0.1']);
  const listener = await listen({
    port: 0,
    tls: { certPem: certificate, keyPem: key },
    answer: () => Promise.reject(new Error('nobody asks')),
  });
  const socket = connect(listener.port, '127.0.0.1');
  const gone = once(
    socket.on('error', () => {}),
    'close',
  );
  await once(socket, 'connect');
  await listener[Symbol.asyncDispose]();
  await gone;
  expect(socket.destroyed).toBe(true);
});
