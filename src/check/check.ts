/** All that is checked, in the order in which it is repaired. Nothing is written, neither to Kubernetes nor to Azure. */
import type { IdentityPolicy } from '../api/identity-policy.ts';
import { identityPolicy } from '../api/identity-policy.ts';
import { KINDS } from '../api/index.ts';
import type { ManagedObject } from '../api/schema/common.ts';
import type { Permissions } from '../azure/permissions.ts';
import { readSnapshot } from '../relations/snapshot.ts';
import { needsOf } from './azure/needs.ts';
import { rightsFindings } from './azure/rights.ts';
import { type SignIn, signInFinding } from './azure/sign-in.ts';
import { admissionFindings } from './cluster/admission.ts';
import { type ObservedController, readController } from './cluster/controller.ts';
import { crdFindings } from './cluster/crds.ts';
import { issuerFindings } from './cluster/issuer.ts';
import { type ClaimRefusal, installationFindings, leaseFindings, shardFindings } from './cluster/leases.ts';
import { eventFindings, policyFindings } from './cluster/objects.ts';
import { rbacFindings } from './cluster/rbac.ts';
import { type CheckDeps, type CheckFinding, part, unknown } from './finding.ts';

/** As whom Azure is asked. */
interface AzureSide {
  readonly signIn: SignIn;
  readonly permissions: Pick<Permissions, 'at'>;
}

export interface CheckOptions {
  readonly claimRefusal: ClaimRefusal;
  /** `--cluster-issuer`; by default as the controller is given it. */
  readonly clusterIssuer?: string | undefined;
  /**
   * From what is known of the controller to a way into Azure; a text: why there is none, with the remedy. Undefined: Azure is not to be
   * asked, and nothing is found there.
   */
  readonly azureSide: (
    controller: ObservedController | undefined,
  ) => Promise<AzureSide | { readonly why: string; readonly remedy: string } | undefined>;
  /** Each as soon as it is there. */
  readonly onFinding: (finding: CheckFinding) => void;
}

export async function check(deps: CheckDeps, options: CheckOptions): Promise<readonly CheckFinding[]> {
  const { signal } = deps;
  const found: CheckFinding[] = [];
  const run = async (area: string, find: () => Promise<readonly CheckFinding[]>) => {
    for (const finding of await part(area, find, signal)) {
      found.push(finding);
      options.onFinding(finding);
    }
  };
  let controller: ObservedController | undefined;
  await run('crds', () => crdFindings(deps));
  await run('rbac', () => rbacFindings(deps));
  await run('lease', async () => {
    controller = await readController(deps);
    return leaseFindings(deps, controller);
  });
  await run('shards', () => shardFindings(deps));
  await run('installation', () => installationFindings(deps, options.claimRefusal));
  await run('admission', () => admissionFindings(deps));
  await run('issuer', () =>
    issuerFindings(deps, options.clusterIssuer ?? controller?.settings.clusterIssuer),
  );
  await run('policies', () => policyFindings(deps));
  await run('events', () => eventFindings(deps));
  const side = await options.azureSide(controller);
  if (side) await run('sign-in', () => azureFindings(side, deps));
  return found;
}

async function azureFindings(
  side: NonNullable<Awaited<ReturnType<CheckOptions['azureSide']>>>,
  deps: CheckDeps,
): Promise<readonly CheckFinding[]> {
  if ('why' in side) return [unknown('sign-in', side.why, side.remedy)];
  const { permissions } = side;
  const signIn = await signInFinding(side.signIn, deps.signal);
  if (signIn.state !== 'ok') return [signIn];
  const snapshot = await readSnapshot(
    KINDS.filter(({ internal }) => internal !== true).map((kind) => ({ kind })),
    deps,
  );
  const { objects, unread } = snapshot;
  const isPolicy = (each: ManagedObject): each is ManagedObject & IdentityPolicy =>
    each.kind === identityPolicy.resource.kind;
  const needs = needsOf(objects, objects.filter(isPolicy));
  return [
    signIn,
    ...unread.map(({ plural, why }) =>
      unknown('rights', `${plural} were left out: ${why}`, 'run the check as somebody who may list them'),
    ),
    ...(await rightsFindings(needs, permissions, deps.signal)),
  ];
}
