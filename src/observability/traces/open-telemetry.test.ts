import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Fields, Log } from '../../runtime/log.ts';
import { silentLog } from '../../runtime/log.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { openTelemetry } from './open-telemetry.ts';

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
});

/** A collector that answers each request so, or never; resolves `requested` with the first. */
async function collector(status?: () => number) {
  const requested = Promise.withResolvers<void>();
  server = createServer((request, response) => {
    request.resume().on('end', () => {
      requested.resolve();
      if (status) response.writeHead(status()).end();
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/v1/traces`, requested: requested.promise };
}

const lines: { message: string; fields: Fields }[] = [];
const keep = (fields: Fields, message: string) => void lines.push({ message, fields });
const log: Log = { ...silentLog, warn: keep, info: keep };

function started(url: string, clock: FakeClock) {
  lines.length = 0;
  const options = { settings: { url, ratio: 1 }, clock, log, version: '0', instance: 'x', namespace: 'y' };
  return openTelemetry({ ...options, batchMs: 1 });
}

describe('a collector', () => {
  it('that hangs is waited for two seconds at the end, no longer', async () => {
    const { url, requested } = await collector();
    const clock = new FakeClock();
    const { tracer, stop } = started(url, clock);
    await tracer.run('work', {}, async () => {});
    let over = false;
    const stopped = stop().then(() => {
      over = true;
    });
    await requested;
    clock.advance(1_999);
    await new Promise(setImmediate);
    expect(over).toBe(false);
    clock.advance(1);
    await stopped;
  });

  it('that refuses is one line a minute, with how many spans are lost, and one when it takes them again', async () => {
    let status = 400;
    const { url } = await collector(() => status);
    const clock = new FakeClock();
    const { tracer, stop } = started(url, clock);
    const delivered = async (count: number, done: () => boolean) => {
      for (let i = 0; i < count; i++) await tracer.run('work', {}, async () => {});
      while (!done()) await new Promise(setImmediate);
    };
    await delivered(1, () => lines.length === 1);
    expect(lines[0]).toMatchObject({
      message: 'spans of traces could not be delivered and are lost',
      fields: { count: 1 },
    });
    clock.advance(60_000);
    await delivered(2, () => lines.length === 2);
    status = 200;
    await delivered(1, () => lines.length === 3);
    expect(lines[2]?.message).toBe('spans of traces are delivered again');
    await stop();
    expect(JSON.stringify(lines)).not.toContain(url);
  });

  it('that refuses now and then has no more lines than that', async () => {
    let status = 200;
    let requests = 0;
    const { url } = await collector(() => {
      requests++;
      return status;
    });
    const { tracer, stop } = started(url, new FakeClock());
    for (let i = 1; i <= 6; i++) {
      status = i % 2 === 0 ? 400 : 200;
      await tracer.run('work', {}, async () => {});
      while (requests < i) await new Promise(setImmediate);
    }
    await stop();
    expect(lines.filter(({ message }) => message.includes('lost'))).toHaveLength(1);
    expect(lines.length).toBeLessThanOrEqual(2);
  });
});

it('what no collector takes is bounded: the newest are dropped, and counted in a line a minute', async () => {
  const { url, requested } = await collector();
  const clock = new FakeClock();
  const { tracer, stop } = started(url, clock);
  const work = async (count: number) => {
    for (let i = 0; i < count; i++) await tracer.run('work', {}, async () => {});
  };
  const before = process.memoryUsage().heapUsed;
  await work(50_000);
  await requested;
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(100 * 2 ** 20);
  const lost = () => lines.map(({ fields }) => Number(fields.count)).reduce((all, each) => all + each, 0);
  expect(lines).toHaveLength(1);
  clock.advance(60_000);
  await work(1);
  expect(lines).toHaveLength(2);
  // All but what waits, and one batch on its way.
  expect(50_001 - lost()).toBe(2_048 + 512);
  const stopped = stop();
  clock.advance(2_000);
  await stopped;
});
