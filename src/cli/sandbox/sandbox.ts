/** `azid sandbox`: the flags, each with its environment variable, and nothing else. */
import { statSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { systemClock } from '../../runtime/time/clock.ts';
import { listenForInterruption } from '../../sandbox/interruption.ts';
import { contradiction, type SandboxFlags } from '../../sandbox/options.ts';
import { bool, duration } from '../parse.ts';

/**
 * Flags without a value. commander takes any value of their variable for true, `false` included, so theirs are read
 * here: `true` is as good as the flag, `false` as good as nothing.
 */
const SWITCHES = [
  {
    flag: '--once',
    name: 'once',
    about:
      'exit 0 as soon as all examples are Ready and Azure matches; 1 with the reasons after the time limit',
  },
  {
    flag: '--no-controller',
    name: 'controller',
    about: 'start only the two servers; run your own controller',
  },
  { flag: '--no-examples', name: 'examples', about: 'do not apply examples/quickstart' },
  { flag: '--fast', name: 'fast', about: 'a kind Azure: no lag, no latency, no throttling' },
] as const;

type SwitchName = (typeof SWITCHES)[number]['name'];

export function addSandboxCommand(program: Command): void {
  const command = program
    .command('sandbox')
    .description(
      'Run everything on this machine: an API server, a simulated Azure, the controller, examples.',
    )
    .allowExcessArguments(false);
  for (const { flag, about } of SWITCHES)
    command.addOption(new Option(flag, `${about} (env: ${variableOf(flag)}=true)`));
  command
    .addOption(
      valued('--time-limit <duration>', 'how long --once waits, from when the cluster is there')
        .argParser(duration('1s', '1h'))
        .default(180_000, '3m'),
    )
    .addOption(
      valued(
        '--ready-file <path>',
        'when everything is up, write a JSON file that says where; removed at the end',
      ),
    )
    .addOption(valued('--kubeconfig <path>', 'use this cluster instead of starting one').argParser(file));
  command.action(async (options: Omit<SandboxFlags, SwitchName> & Partial<Record<SwitchName, boolean>>) => {
    const flags: SandboxFlags = { ...options, ...switches(command) };
    const wrong = contradiction(flags);
    if (wrong !== undefined) command.error(`error: ${wrong}`);
    process.exitCode = await run(flags);
  });
}

async function run(flags: SandboxFlags): Promise<number> {
  // Only now: the simulated Azure and its certificates are nothing that another command should load.
  const [{ runSandbox }, { Screen }] = await Promise.all([
    import('../../sandbox/sandbox.ts'),
    import('../../sandbox/screen/screen.ts'),
  ]);
  const screen = new Screen(process.stdout);
  using interruption = listenForInterruption(systemClock, () =>
    screen.say('Stopping; once more to stop at once.'),
  );
  // `azid sandbox | head`: without a listener the first line too many would be a crash.
  process.stdout.on('error', () => interruption.brokenPipe());
  const { signal } = interruption;
  try {
    switch (await runSandbox(flags, { clock: systemClock, screen, signal })) {
      case 'done':
        return 0;
      case 'unsettled':
        return 1;
      case 'interrupted':
        return interruption.exitCode ?? 1;
    }
  } catch (error) {
    process.stderr.write(`azid sandbox: ${error instanceof Error ? error.message : error}\n`);
    return 1;
  }
}

/** `--no-controller` -> `AZID_SANDBOX_NO_CONTROLLER`. */
function variableOf(flag: string): string {
  return `AZID_SANDBOX_${flag.split(' ')[0]?.slice(2).replaceAll('-', '_').toUpperCase()}`;
}

function valued(flags: string, about: string): Option {
  return new Option(flags, about).env(variableOf(flags));
}

function switches(command: Command): Record<SwitchName, boolean> {
  const values = SWITCHES.map(({ flag, name }) => {
    const turnedOn = command.getOptionValueSource(name) === 'cli' || fromEnvironment(command, flag);
    return [name, flag.startsWith('--no-') ? !turnedOn : turnedOn];
  });
  return Object.fromEntries(values) as Record<SwitchName, boolean>;
}

function fromEnvironment(command: Command, flag: string): boolean {
  const variable = variableOf(flag);
  const value = process.env[variable];
  if (value === undefined || value === '') return false;
  try {
    return bool(value);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    return command.error(
      `error: option '${flag}' value '${value}' from env '${variable}' is invalid. ${error.message}`,
    );
  }
}

function file(path: string): string {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile())
    throw new InvalidArgumentError('Expected the path of a kubeconfig file.');
  return path;
}
