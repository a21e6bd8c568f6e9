import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { systemClock } from '../../runtime/time/clock.ts';
import { listenForInterruption } from '../../sandbox/interruption.ts';
import { prepareReadyFile, writeReadyFile } from '../../sandbox/ready-file.ts';
import { startSimulator } from '../../simulator/simulator.ts';

export interface SimulatorFlags {
  readonly port: number;
  readonly controlPort: number;
  readonly brokerPort: number;
  readonly preset: 'honest' | 'fast';
  readonly seed: number;
  readonly caFile?: string;
  readonly readyFile?: string;
}

/** Runs the simulated Azure until a signal ends it; the exit code. */
export async function runSimulator(flags: SimulatorFlags): Promise<number> {
  using interruption = listenForInterruption(systemClock, () => process.stdout.write('Stopping.\n'));
  process.stdout.on('error', () => interruption.brokenPipe());
  await using stack = new AsyncDisposableStack();
  try {
    if (flags.readyFile !== undefined) await prepareReadyFile(flags.readyFile);
    const { port, controlPort, brokerPort, preset, seed } = flags;
    const simulator = stack.use(
      await startSimulator({ clock: systemClock, port, controlPort, brokerPort, preset, seed }),
    );
    const caFile = await writeCa(flags.caFile, simulator.caPem, stack);
    const { tenantId, subscriptionId } = simulator;
    const facts = {
      arm: { endpoint: simulator.origin, caFile, subscriptionId, tenantId },
      control: { endpoint: simulator.controlEndpoint },
      serviceBus: simulator.serviceBus,
    };
    process.stdout.write(summary(facts));
    if (flags.readyFile !== undefined) stack.use(await writeReadyFile(flags.readyFile, facts));
    await aborted(interruption.signal);
    return interruption.exitCode === 143 ? 0 : (interruption.exitCode ?? 0);
  } catch (error) {
    process.stderr.write(`azid simulator: ${error instanceof Error ? error.message : error}\n`);
    return 1;
  }
}

/** In a folder of its own, removed at the end, unless a path was given: that one stays. */
async function writeCa(
  given: string | undefined,
  caPem: string,
  stack: AsyncDisposableStack,
): Promise<string> {
  if (given !== undefined) {
    await writeFile(given, caPem);
    return resolve(given);
  }
  const folder = await mkdtemp(join(tmpdir(), 'azid-simulator-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'ca.pem');
  await writeFile(path, caPem);
  return path;
}

function summary({
  arm,
  control,
  serviceBus,
}: {
  readonly arm: Readonly<Record<'endpoint' | 'caFile' | 'subscriptionId' | 'tenantId', string>>;
  readonly control: { readonly endpoint: string };
  readonly serviceBus: Readonly<Record<'endpoint' | 'emulatorEndpoint', string>>;
}): string {
  return [
    `Resource Manager and token endpoint  ${arm.endpoint}`,
    `CA file                              ${arm.caFile}`,
    `Tenant                               ${arm.tenantId}`,
    `Subscription                         ${arm.subscriptionId}`,
    `Control endpoint                     ${control.endpoint}`,
    `Service Bus broker                   ${serviceBus.endpoint} (TLS), ${serviceBus.emulatorEndpoint} (as the emulator)`,
    'Ctrl-C stops it. Nothing it holds outlives it.',
    '',
  ].join('\n');
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((done) => signal.addEventListener('abort', () => done(), { once: true }));
}
