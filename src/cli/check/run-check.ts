import { HOME_SHARD } from '../../api/schema/shard.ts';
import { ArmAccess } from '../../azure/arm/arm-access.ts';
import { resolveCloud } from '../../azure/arm/clouds.ts';
import { Permissions } from '../../azure/permissions.ts';
import { RequestScheduler } from '../../azure/requests/request-scheduler.ts';
import { controllerSignIn } from '../../check/azure/sign-in.ts';
import { type CheckOptions, check } from '../../check/check.ts';
import type { ControllerSettings } from '../../check/cluster/controller.ts';
import type { CheckDeps } from '../../check/deps.ts';
import { exitCodeOf } from '../../check/finding.ts';
import { judge, shardLeases } from '../../operator/leader/installation.ts';
import type { AzureFlags } from '../azure-flags.ts';
import { type InCluster, inCluster, NOTHING_CHANGED, printed } from '../in-cluster.ts';
import { signIn } from '../sign-in.ts';
import { VERSION } from '../version.ts';
import type { CheckFlags } from './check-command.ts';
import { findingText, jsonOf, summaryText } from './check-text.ts';

const WORDS = { name: 'check', interrupted: NOTHING_CHANGED };

export function runCheck(flags: CheckFlags): Promise<number> {
  return inCluster(WORDS, flags, async ({ contextNamespace: _, say: __, ...cluster }: InCluster) => {
    const { namespace, leaseName, serviceAccount, output, installationId, clusterIssuer } = flags;
    const deps: CheckDeps = { ...cluster, namespace, leaseName, serviceAccount };
    const findings = await check(deps, {
      judgeClaim: (claim, clusterUid) => {
        const shards = shardLeases(claim);
        const verdict = judge(claim, clusterUid, {
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
    await printed(output === 'json' ? jsonOf(findings) : summaryText(findings));
    return exitCodeOf(findings);
  });
}

/** What flags do not say is read off the controller. */
function azureSide(
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
  const asked =
    azureAs === 'caller'
      ? {
          whom: 'you, by --credential,',
          ...signIn({ ...inCloud, tenantId } as AzureFlags, deps.clock, process.env),
        }
      : controllerSignIn({ tenantId, clientId: clientId ?? '' }, resolveCloud(inCloud), deps);
  const { cloud, credential } = asked;
  const permissions = new Permissions({
    access: new ArmAccess({ cloud, credential, clock: deps.clock, version: VERSION }),
    scheduler: new RequestScheduler({ clock: deps.clock }),
    tenantId,
    credential: 'check',
  });
  return { signIn: asked, permissions };
}
