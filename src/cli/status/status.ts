import type { Command } from 'commander';
import { AZURE_FLAGS, type AzureFlags, type GivenAzureFlags, withCaPem } from '../azure-flags.ts';
import { CLUSTER_FLAGS } from '../cluster-flags.ts';
import { type Flag, optionOf } from '../flag.ts';
import { dnsLabel } from '../parse.ts';

/** `azid status KIND/NAME`: one object, all around it, at a terminal. */

export interface StatusFlags extends Partial<AzureFlags> {
  readonly kubeconfig?: string;
  /** Of the object. */
  readonly namespace?: string;
  readonly azidNamespace: string;
  readonly azure?: boolean;
  readonly output: 'text' | 'wide' | 'json';
}

const [KUBECONFIG] = CLUSTER_FLAGS;

const FLAGS: readonly Flag[] = [
  ...(KUBECONFIG ? [KUBECONFIG] : []),
  {
    flags: '-n, --namespace <name>',
    about: "namespace of the object; by default that of the kubeconfig's context",
    parse: dnsLabel,
  },
  {
    flags: '-o, --output <form>',
    about: 'wide: with whole ids, messages and all Events',
    choices: ['text', 'wide', 'json'],
    fallback: 'text',
  },
  {
    flags: '--azure',
    about: 'ask Azure as well what it shows of the object, with your own rights; needs --tenant-id',
  },
  {
    flags: '--azid-namespace <name>',
    env: 'AZID_NAMESPACE',
    about: "azid's own namespace, where its ledgers of resources are",
    parse: dnsLabel,
    fallback: 'azid-system',
  },
  // Nothing is asked of Azure without --azure, so nothing is demanded for it.
  ...AZURE_FLAGS.map((flag) => ({ ...flag, required: false })),
];

export function addStatusCommand(program: Command): void {
  const command = program
    .command('status')
    .description(
      'Show one object: its conditions, what it refers to and what refers to it, the policy rule that allows or denies it, its Events and, with --azure, what Azure shows. Nothing is changed. Exits 0 when it is shown, whatever it says, and 1 when it is not.',
    )
    .argument('<object>', 'kind and name, such as grant/checkout-blobs; kinds by their short names, too')
    .allowExcessArguments(false);
  for (const flag of FLAGS) command.addOption(optionOf(flag));
  command.action(async (object: string, flags: StatusFlags & Partial<GivenAzureFlags>) => {
    if (flags.azure && flags.tenantId === undefined)
      command.error('error: --azure: expected --tenant-id (or AZURE_TENANT_ID) beside it, got none');
    const { runStatus } = await import('./run-status.ts');
    process.exitCode = await runStatus(object, withCaPem(flags));
  });
}
