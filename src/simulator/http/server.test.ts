import { once } from 'node:events';
import { connect, createServer, Server } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { createCertificateAuthority } from '../certificates.ts';
import { startSimulator } from '../simulator.ts';
import { closing, listen, listening } from './server.ts';

it('a listener closes though a client has not got as far as TLS', async () => {
  const ca = await createCertificateAuthority('test');
  const { certificate, key } = await ca.issueServer(['127.0.0.1']);
  const listener = await listen({
    port: 0,
    tls: { certPem: certificate, keyPem: key },
    answer: () => Promise.reject(new Error('never called')),
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

/** What Node emits when `accept` finds no file descriptor left. */
const noDescriptor = Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' });

it('a port that is taken rejects the promise', async () => {
  const [first, second] = [createServer(), createServer()];
  const close = closing(first);
  const port = await listening(first, 0);
  await expect(listening(second, port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await close();
});

it('an error of a server that listens is a warning, and connections come in as before', async () => {
  const server = createServer((socket) => socket.end('here'));
  const close = closing(server);
  const port = await listening(server, 0);
  const warned = once(process, 'warning');
  server.emit('error', noDescriptor);
  expect((await warned)[0]).toMatchObject({ name: 'Simulator', message: expect.stringContaining('EMFILE') });
  const [said] = await once(connect(port, '127.0.0.1'), 'data');
  expect(String(said)).toBe('here');
  await close();
});

it('no server of a simulator ends the process by an error later: ARM, control, broker, metadata', async () => {
  const spy = vi.spyOn(Server.prototype, 'listen');
  onTestFinished(() => spy.mockRestore());
  await using simulator = await startSimulator({ clock: new FakeClock(0), preset: 'fast' });
  await simulator.control.createResourceGroup({ name: 'rg' });
  const host = await simulator.control.createHost({ name: 'vm', resourceGroup: 'rg' });
  await simulator.control.openMetadata({ id: host.id });
  const servers = new Set(spy.mock.contexts as Server[]);
  expect(servers.size).toBe(5);
  for (const server of servers) expect(server.listenerCount('error')).toBeGreaterThan(0);
});
