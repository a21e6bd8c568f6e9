/** `azid status KIND/NAME`: one object, all around it, at a terminal. */
import type { Command } from 'commander';
import type { KindSchema } from '../../api/schema/kind.ts';
import { resolveCloud } from '../../azure/arm/clouds.ts';
import type { AzureReads } from '../../inspect/azure/live.ts';
import { isNotFound } from '../../kube/errors.ts';
import type { KubeObject } from '../../kube/types.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { AZURE_FLAGS, type AzureFlags, type GivenAzureFlags, withCaPem } from '../azure-flags.ts';
import { CLUSTER_FLAGS, type Flag, optionOf } from '../flag.ts';
import { dnsLabel } from '../parse.ts';
import { EXIT, inCluster, NOTHING_CHANGED, printed } from '../run-command.ts';

interface StatusFlags extends Partial<AzureFlags> {
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
    process.exitCode = await run(object, withCaPem(flags));
  });
}

const WORDS = {
  name: 'status',
  interrupted: NOTHING_CHANGED,
  forbidden: 'the command needs the rights of azid-view in the namespace (deploy/)',
};

function run(given: string, flags: StatusFlags): Promise<number> {
  const { azidNamespace, output } = flags;
  return inCluster(WORDS, flags, async ({ client, clock, contextNamespace, signal }) => {
    // Only now: the schemas of the kinds are far larger than reading flags.
    const [{ kindNamed }, { reportOf }, { statusJson, statusText }] = await Promise.all([
      import('../../api/index.ts'),
      import('../../inspect/report.ts'),
      import('./status-text.ts'),
    ]);
    const { kind, name } = objectNamed(given, kindNamed);
    const namespace = flags.namespace ?? contextNamespace ?? 'default';
    const key = kind.resource.namespaced ? `${namespace}/${name}` : name;
    const { federationAudience: defaultAudience } = resolveCloud({
      ...(flags.cloud !== undefined && { cloud: flags.cloud }),
    });
    const azure = flags.azure ? await azureReads(flags, clock) : undefined;
    try {
      const deps = { client, clock, azidNamespace, defaultAudience, azure, signal };
      const report = await reportOf(kind, key, deps);
      await printed(
        output === 'json' ? statusJson(report) : statusText(report, output === 'wide', clock.now()),
      );
      return EXIT.done;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const where = kind.resource.namespaced ? ` in namespace ${namespace} (-n names another)` : '';
      throw new Error(`expected ${kind.resource.kind} ${name} to exist${where}, it does not`);
    }
  });
}

/** `grant/read`: as kubectl takes it. */
function objectNamed(
  given: string,
  kindNamed: (name: string) => KindSchema<KubeObject> | undefined,
): { readonly kind: KindSchema<KubeObject>; readonly name: string } {
  const [kindName = '', name = '', ...more] = given.split('/');
  if (kindName === '' || name === '' || more.length > 0)
    throw new Error(
      `expected KIND/NAME such as grant/checkout-blobs, got '${given}'; -n gives the namespace`,
    );
  const kind = kindNamed(kindName);
  if (!kind)
    throw new Error(
      `expected a kind of azid such as RoleGrant or its short name grant, got '${kindName}'; kubectl api-resources --api-group azid.dev lists them`,
    );
  return { kind, name };
}

/** The flags were checked: with --azure there is a tenant. The SDKs take longer to load than all else takes. */
async function azureReads(flags: StatusFlags, clock: Clock): Promise<AzureReads> {
  const [{ azureCalls }, live] = await Promise.all([
    import('../azure-access.ts'),
    import('../../inspect/azure/live.ts'),
  ]);
  return live.azureReads(azureCalls(flags as AzureFlags, clock, process.env).calls);
}
