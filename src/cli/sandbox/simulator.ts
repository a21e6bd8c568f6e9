import { type Command, InvalidArgumentError, Option } from 'commander';
import { integer } from '../parse.ts';
import type { SimulatorFlags } from './run-simulator.ts';

/** `azid simulator`: the flags, each with its environment variable, and nothing else. */
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
      // Only now: the simulated Azure and its certificates are nothing that another command should load.
      const { runSimulator } = await import('./run-simulator.ts');
      process.exitCode = await runSimulator(flags);
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
