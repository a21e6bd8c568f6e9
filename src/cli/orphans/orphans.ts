import { type Command, InvalidArgumentError, Option } from 'commander';
import { withCaPem } from '../azure-flags.ts';
import { type ControllerFlags, FLAGS } from '../controller/controller-flags.ts';
import { optionOf } from '../flag.ts';

/** `azid orphans`: what a sweep would list, once, at a terminal. */

export type OrphansFlags = Partial<ControllerFlags> & {
  readonly scope: readonly string[];
  readonly output: 'table' | 'wide' | 'json';
};

/** Of the controller: how the cluster and Azure are reached, and as whom. */
const SHARED = new Set([
  '--kubeconfig <path>',
  '--namespace <name>',
  '--cloud <name>',
  '--arm-endpoint <url>',
  '--authority-host <url>',
  '--graph-endpoint <url>',
  '--ca-file <path>',
  '--credential <kind>',
  '--tenant-id <uuid>',
  '--client-id <uuid>',
  '--federated-token-file <path>',
  '--installation-id <uuid>',
  '--directory <bool>',
  '--log-level <level>',
]);

export function addOrphansCommand(program: Command): void {
  const command = program
    .command('orphans')
    .description(
      'List what azid made in Azure and nothing in the cluster stands for any more, and assignments of principals that are gone. Nothing is changed. Exits 2 when there are any, 0 when there are none, 1 when that cannot be told.',
    )
    .allowExcessArguments(false)
    .addOption(
      new Option(
        '--scope <id>',
        'subscription or resource group to look in, by ARM id; may be given several times',
      )
        .argParser((value: string, before: readonly string[] | undefined) => [
          ...(before ?? []),
          scope(value),
        ])
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('-o, --output <form>', 'wide: with whole ids and what keeps each')
        .choices(['table', 'wide', 'json'])
        .default('table'),
    );
  for (const flag of FLAGS) if (SHARED.has(flag.flags)) command.addOption(optionOf(flag));
  command.action(async (flags: OrphansFlags & { caFile?: string }) => {
    const { runOrphans } = await import('./run-orphans.ts');
    process.exitCode = await runOrphans(withCaPem(flags));
  });
}

const SCOPE =
  /^\/subscriptions\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\/resourceGroups\/[-_.()a-z0-9]{0,89}[-_()a-z0-9])?$/i;

function scope(value: string): string {
  if (!SCOPE.test(value))
    throw new InvalidArgumentError(
      'Expected the ARM id of a subscription or resource group: /subscriptions/<id> or /subscriptions/<id>/resourceGroups/<name>.',
    );
  return value;
}
