/**
 * How many requests a second the simulated Azure answers, on one core, with many things in it: every test stands on it.
 * `node bench/simulator.ts --things 10000 --requests 5000 --clients 16`
 */
import { Agent, request as httpsRequest } from 'node:https';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/simulator/clock.ts';
import { startSimulator } from '../src/simulator/simulator.ts';

const { values } = parseArgs({
  options: {
    things: { type: 'string', default: '10000' },
    requests: { type: 'string', default: '5000' },
    clients: { type: 'string', default: '16' },
  },
});
const [things, requests, clients] = [Number(values.things), Number(values.requests), Number(values.clients)];

await using simulator = await startSimulator({ clock: systemClock, preset: 'fast' });
const { control, origin, caPem, subscriptionId } = simulator;
control.createResourceGroup({ name: 'rg1' });
for (let n = 0; n < things; n++) control.createIdentity({ name: `id-${n}`, resourceGroup: 'rg1' });
const { accessToken } = await control.token();

const agent = new Agent({ keepAlive: true, maxSockets: clients, ca: caPem });
const authorization = `Bearer ${accessToken}`;
const idOf = (n: number) =>
  `/subscriptions/${subscriptionId}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-${n}?api-version=2024-11-30`;

function call(method: string, n: number, body?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization, ...(body && { 'content-type': 'application/json' }) };
    const sent = httpsRequest(`${origin}${idOf(n)}`, { method, agent, headers }, (answer) => {
      answer.resume();
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve() : reject(new Error(`${method}: ${answer.statusCode}`)),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/**
 * Client and server share the core here, so computing is told beside the rate: the simulator's own part is less than
 * what a request costs in all.
 */
async function measure(what: string, one: (n: number) => Promise<void>): Promise<void> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (next < requests) await one(next++ % things);
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const cpuMs = (user + system) / 1000 / requests;
  process.stdout.write(
    `${what}: ${Math.round(requests / seconds)} requests/s, ${cpuMs.toFixed(2)} ms of computing each (client and server), so ${Math.round(1000 / cpuMs)} a second on a core of their own\n`,
  );
}

await measure('warm-up', (n) => call('GET', n));
await measure('GET', (n) => call('GET', n));
await measure('PUT', (n) => call('PUT', n, '{"location":"westeurope","tags":{"a":"1"}}'));
agent.destroy();
