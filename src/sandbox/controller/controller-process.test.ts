import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../runtime/time/clock.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { freePort } from '../apiserver/access.ts';
import { type TemporaryFolder, temporaryFolder } from '../apiserver/temporary-folder.fixture.ts';
import { ControllerProcess } from './controller-process.ts';

const SOON = { timeout: 10_000, interval: 20 };
const never = new AbortController().signal;

/** A stand-in with the controller's probes: what is tested is how a process is kept, not what it does. */
const PROGRAM = `
  import { createServer } from 'node:http';
  import { appendFileSync } from 'node:fs';
  const [port, mode, trace] = process.argv.slice(2);
  appendFileSync(trace, process.pid + ' ' + JSON.stringify(process.env) + '\\n');
  if (mode === 'broken') { console.error('expected --tenant-id to be a UUID'); process.exit(3); }
  createServer((request, response) => {
    response.writeHead(mode === 'unready' ? 503 : 200).end(mode === 'unready' ? 'stores: not synced' : 'ok');
  }).listen(Number(port), '127.0.0.1');
  process.on('SIGTERM', () => { console.error('bye'); process.exit(0); });
`;

describe('the controller of a sandbox', () => {
  let folder: TemporaryFolder;
  beforeEach(async () => {
    folder = await temporaryFolder();
    await writeFile(folder.file('program.mjs'), PROGRAM);
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  async function start(mode: 'good' | 'broken' | 'unready', clock = systemClock) {
    const port = await freePort();
    const said: string[] = [];
    const controller = await ControllerProcess.start({
      clock,
      args: [folder.file('program.mjs'), String(port), mode, folder.file('trace')],
      observed: `http://127.0.0.1:${port}`,
      folder: folder.path,
      logFile: folder.file('log'),
      onDeath: (message) => void said.push(message),
      onSlow: (message) => void said.push(message),
    });
    return { controller, said };
  }
  const starts = async () => (await readFile(folder.file('trace'), 'utf8')).trim().split('\n');

  it('is up when its probe says so, and is asked to end', async () => {
    const { controller, said } = await start('good');
    await controller.untilReady(never);
    const { pid } = controller;
    await controller[Symbol.asyncDispose]();
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(await readFile(folder.file('log'), 'utf8')).toBe('bye\n');
    expect(said).toEqual([]);
  });

  it('gets nothing of the environment that could set a flag or lead elsewhere', async () => {
    vi.stubEnv('AZID_WORKERS', '1');
    vi.stubEnv('HTTPS_PROXY', 'http://127.0.0.1:9');
    try {
      const { controller } = await start('good');
      await controller.untilReady(never);
      await controller[Symbol.asyncDispose]();
    } finally {
      vi.unstubAllEnvs();
    }
    const env = JSON.parse((await starts())[0]?.replace(/^\d+ /, '') ?? '');
    expect(Object.keys(env).filter((name) => /^(AZID|AZURE|HTTPS?_PROXY|KUBECONFIG)/.test(name))).toEqual([]);
  });

  it('that ends at once is reported with its last words to the caller that waits for it', async () => {
    const { controller, said } = await start('broken');
    const report = 'the controller exited with 3; the end of its log:\nexpected --tenant-id to be a UUID';
    await expect(controller.untilReady(never)).rejects.toThrow(report);
    expect(said).toEqual([`${report}\nIt is started again in 1 s.`]);
    await controller[Symbol.asyncDispose]();
  });

  it('that dies is started again after a time that doubles, and comes back', async () => {
    const clock = new FakeClock();
    const { controller, said } = await start('broken', clock);
    for (const [i, seconds] of [1, 2, 4, 8, 16, 32, 60, 60].entries()) {
      await vi.waitFor(() => expect(said).toHaveLength(i + 1), SOON);
      expect(said[i]).toContain(`again in ${seconds} s.`);
      await vi.waitFor(() => expect(clock.untilNext()).toBe(seconds * 1000), SOON);
      clock.advance(seconds * 1000);
    }
    await vi.waitFor(async () => expect(await starts()).toHaveLength(9), SOON);
    await controller[Symbol.asyncDispose]();
  });

  it('killed from outside comes back under another id', async () => {
    const clock = new FakeClock();
    const { controller, said } = await start('good', clock);
    const { pid } = controller;
    await vi.waitFor(async () => expect(await starts()).toHaveLength(1), SOON);
    process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => expect(clock.untilNext()).toBe(1000), SOON);
    expect(said[0]).toContain('the controller was ended by signal 9');
    clock.advance(1000);
    let ready = false;
    const waiting = controller.untilReady(never).then(() => {
      ready = true;
    });
    await vi.waitFor(() => {
      clock.advance(200);
      expect(ready).toBe(true);
    }, SOON);
    await waiting;
    expect(controller.pid).not.toBe(pid);
    await controller[Symbol.asyncDispose]();
  });

  it('that is not ready for long is said to be, with what its probe says', async () => {
    const clock = new FakeClock();
    const { controller, said } = await start('unready', clock);
    const stop = new AbortController();
    const waiting = controller.untilReady(stop.signal).catch((error: Error) => error.message);
    await vi.waitFor(async () => {
      clock.advance(10_000);
      expect(said).toContain('the controller is not ready yet: stores: not synced');
    }, SOON);
    stop.abort(new Error('enough'));
    expect(await waiting).toBe('enough');
    await controller[Symbol.asyncDispose]();
  });
});

it('a controller whose probes do not answer is not ready', async () => {
  await using folder = await temporaryFolder();
  const controller = await ControllerProcess.start({
    clock: systemClock,
    args: ['-e', 'setInterval(() => {}, 1000)'],
    observed: `http://127.0.0.1:${await freePort()}`,
    folder: folder.path,
    logFile: folder.file('log'),
    onDeath: () => {},
    onSlow: () => {},
  });
  const stop = new AbortController();
  const waiting = controller.untilReady(stop.signal);
  setImmediate(() => stop.abort(new Error('enough')));
  await expect(waiting).rejects.toThrow('enough');
  await controller[Symbol.asyncDispose]();
});
