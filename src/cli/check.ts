/** `azid check`: what may be wrong with an installation, line by line. */
import type { Command } from 'commander';
import { HOME_SHARD } from '../api/schema/shard.ts';
import { resolveCloud } from '../azure/arm/clouds.ts';
import type { CheckOptions } from '../check/check.ts';
import type { ControllerSettings } from '../check/cluster/controller.ts';
import type { CheckDeps, CheckFinding, FindingState } from '../check/finding.ts';
import { AZURE_FLAGS, type AzureFlags, type GivenAzureFlags, withCaPem } from './azure-flags.ts';
import { FLAGS as CONTROLLER_FLAGS, type ControllerFlags } from './controller/controller.ts';
import { CLUSTER_FLAGS, type ClusterFlags, type Flag, OUTPUT_FLAG, optionOf } from './flag.ts';
import { dnsLabel } from './parse.ts';
import { inCluster, NOTHING_CHANGED, printed } from './run-command.ts';

interface CheckFlags
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
    process.exitCode = await run(withCaPem(flags));
  });
}

function run(flags: CheckFlags): Promise<number> {
  return inCluster({ name: 'check', interrupted: NOTHING_CHANGED }, flags, async (cluster) => {
    // Only now: what a check loads is far larger than reading its flags.
    const [{ check }, { exitCodeOf }, { decideClaim, shardLeases }] = await Promise.all([
      import('../check/check.ts'),
      import('../check/finding.ts'),
      import('../operator/leader/installation.ts'),
    ]);
    const { namespace, leaseName, serviceAccount, output, installationId, clusterIssuer } = flags;
    const { contextNamespace: _, say: __, ...given } = cluster;
    const deps: CheckDeps = { ...given, namespace, leaseName, serviceAccount };
    const findings = await check(deps, {
      claimRefusal: (claim, clusterUid) => {
        const shards = shardLeases(claim);
        const verdict = decideClaim(claim, clusterUid, {
          namespace,
          takeOver: false,
          // As whichever of them asks: that they work in shards is no reason to refuse.
          ...(shards !== undefined && { shard: { name: HOME_SHARD, leaseName: shards } }),
          ...(installationId !== undefined && { installationId }),
        });
        return verdict.type === 'refuse' ? verdict.message : undefined;
      },
      clusterIssuer,
      azureSide: (controller) => azureSide(flags, deps, controller?.settings ?? {}),
      // As they come: the Lease of a controller that died takes a while to run out.
      onFinding: (finding) => {
        if (output === 'text') process.stdout.write(findingText(finding));
      },
    });
    const exitCode = exitCodeOf(findings);
    await printed(
      output === 'json' ? `${JSON.stringify({ exitCode, findings }, undefined, 2)}\n` : summaryText(findings),
    );
    return exitCode;
  });
}

/** What flags do not say is read off the controller. */
async function azureSide(
  flags: CheckFlags,
  deps: CheckDeps,
  settings: ControllerSettings,
): ReturnType<CheckOptions['azureSide']> {
  const { azureAs, clientId = settings.clientId, tenantId = settings.tenantId } = flags;
  const inCloud = { ...(settings.cloud !== undefined && { cloud: settings.cloud }), ...flags };
  if (azureAs === 'nobody') return undefined;
  if (tenantId === undefined || (azureAs === 'controller' && clientId === undefined))
    return {
      why: 'Azure was not asked: in which tenant, and by which client id, the controller signs in is not known',
      remedy:
        'give --tenant-id and --client-id, --azure-as caller with --tenant-id, or --azure-as nobody to leave Azure out',
    };
  const [{ controllerSignIn }, { permissionsOf, signIn }] = await Promise.all([
    import('../check/azure/sign-in.ts'),
    import('./azure-access.ts'),
  ]);
  const asked =
    azureAs === 'caller'
      ? {
          whom: 'you, by --credential,',
          ...signIn({ ...inCloud, tenantId } as AzureFlags, deps.clock, process.env),
        }
      : controllerSignIn({ tenantId, clientId: clientId ?? '' }, resolveCloud(inCloud), deps);
  return { signIn: asked, permissions: permissionsOf({ ...asked, tenantId, clock: deps.clock }) };
}

const WIDTH = Math.max(
  ...(['ok', 'problem', 'unknown'] satisfies FindingState[]).map(({ length }) => length),
);

function findingText({ area, state, message, remedy }: CheckFinding): string {
  const line = `${state.padEnd(WIDTH)}  ${area}: ${message}\n`;
  return remedy === undefined ? line : `${line}${' '.repeat(WIDTH + 2)}-> ${remedy}\n`;
}

function summaryText(findings: readonly CheckFinding[]): string {
  const count = (state: FindingState) => findings.filter((each) => each.state === state).length;
  return `${count('ok')} ok, ${count('problem')} problems, ${count('unknown')} unknown\n`;
}
