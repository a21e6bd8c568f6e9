/** `azid simulator`: the simulated Azure alone; each flag has its environment variable. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { systemClock } from '../../runtime/time/clock.ts';
import { listenForInterruption } from '../../sandbox/interruption.ts';
import { prepareReadyFile, writeReadyFile } from '../../sandbox/ready-file.ts';
import { integer } from '../parse.ts';

interface SimulatorFlags {
  readonly port: number;
  readonly controlPort: number;
  readonly brokerPort: number;
  readonly preset: 'honest' | 'fast';
  readonly seed: number;
  readonly caFile?: string;
  readonly readyFile?: string;
}

export function addSimulatorCommand(program: Command): void {
  program
    .command('simulator')
    .description(
      'Run only the simulated Azure, for the Azure CLI, SDKs and tools of your own. Loopback only.',
    )
    .allowExcessArguments(false)
    .addOption(
      valued('--port <port>', 'of Resource Manager and the token endpoint; 0: any')
        .argParser(port)
        .default(0),
    )
    .addOption(valued('--control-port <port>', 'of the control endpoint; 0: any').argParser(port).default(0))
    .addOption(
      valued('--broker-port <port>', 'of the Service Bus broker over TLS; 0: any').argParser(port).default(0),
    )
    .addOption(
      valued('--preset <name>', 'honest: Azure with its lags, latencies and throttles; fast: without')
        .choices(['honest', 'fast'])
        .default('honest'),
    )
    .addOption(
      valued('--seed <number>', 'the same seed and order of requests: the same ids, lags and faults')
        .argParser(integer(0, 2 ** 31))
        .default(1),
    )
    .addOption(
      valued('--ca-file <path>', 'where to write the CA that clients must trust; default: a temporary file'),
    )
    .addOption(
      valued('--ready-file <path>', 'when it answers, write a JSON file that says where; removed at the end'),
    )
    .action(async (flags: SimulatorFlags) => {
      process.exitCode = await run(flags);
    });
}

/** `--ready-file` -> `AZID_SIMULATOR_READY_FILE`. */
function valued(flags: string, about: string): Option {
  const name = flags.split(' ')[0]?.slice(2).replaceAll('-', '_').toUpperCase();
  return new Option(flags, about).env(`AZID_SIMULATOR_${name}`);
}

function port(value: string): number {
  try {
    return integer(0, 65_535)(value);
  } catch {
    throw new InvalidArgumentError('Expected a port from 0 to 65535.');
  }
}

/** Runs the simulated Azure until a signal ends it; the exit code. */
async function run(flags: SimulatorFlags): Promise<number> {
  using interruption = listenForInterruption(systemClock, () => process.stdout.write('Stopping.\n'));
  process.stdout.on('error', () => interruption.brokenPipe());
  await using stack = new AsyncDisposableStack();
  try {
    // Only now: the simulated Azure and its certificates are nothing that another command should load.
    const { startSimulator } = await import('../../simulator/simulator.ts');
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
