import type { Command } from 'commander';
import { AZURE_FLAGS, type AzureFlags, type GivenAzureFlags, withCaPem } from '../azure-flags.ts';
import { CLUSTER_FLAGS, type ClusterFlags, OUTPUT_FLAG } from '../cluster-flags.ts';
import { FLAGS as CONTROLLER_FLAGS, type ControllerFlags } from '../controller/controller-flags.ts';
import { type Flag, optionOf } from '../flag.ts';
import { dnsLabel } from '../parse.ts';

/** `azid check`: what whoever installs azid may have got wrong, line by line. */

export interface CheckFlags
  extends ClusterFlags,
    Partial<AzureFlags>,
    Pick<ControllerFlags, 'clusterIssuer' | 'installationId'> {
  readonly serviceAccount: string;
  readonly azureAs: 'controller' | 'caller' | 'nobody';
  readonly output: 'text' | 'json';
}

const OF_CONTROLLER = new Set(['--cluster-issuer <url>', '--installation-id <uuid>']);

const FLAGS: readonly Flag[] = [
  ...CLUSTER_FLAGS,
  {
    flags: '--service-account <name>',
    about: 'of the controller, in that namespace',
    parse: dnsLabel,
    fallback: 'azid-controller',
  },
  {
    flags: '--azure-as <whom>',
    about:
      'as whom Azure is asked: controller, by a token of its ServiceAccount, which you must be allowed to ask for; caller, by --credential; nobody, and the lines about Azure are left out',
    choices: ['controller', 'caller', 'nobody'],
    fallback: 'controller',
  },
  OUTPUT_FLAG,
  ...CONTROLLER_FLAGS.filter(({ flags }) => OF_CONTROLLER.has(flags)),
  // What is not given is read off the controller's Deployment.
  ...AZURE_FLAGS.map(({ fallback, about, ...flag }) => ({
    ...flag,
    ...(flag.env === 'AZID_CLOUD'
      ? { about: `${about}; by default the controller's` }
      : { about, ...(fallback !== undefined && { fallback }) }),
    required: false,
  })),
];

export function addCheckCommand(program: Command): void {
  const command = program
    .command('check')
    .description(
      'Check an installation: CRDs, rights in Kubernetes, who works, admission, issuer, policies, queues of events, sign-in and rights in Azure. Each line is ok, problem or unknown, with the remedy. Nothing is changed. Exits 0 when all is ok, 1 with a problem, 2 when there is none and something could not be told.',
    )
    .allowExcessArguments(false);
  for (const flag of FLAGS) command.addOption(optionOf(flag));
  command.action(async (flags: CheckFlags & Partial<GivenAzureFlags>) => {
    const { runCheck } = await import('./run-check.ts');
    process.exitCode = await runCheck(withCaPem(flags));
  });
}
