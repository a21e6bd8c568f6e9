import { MAKERS } from '../../src/azure/names/identity-marks.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { TEAM_SIZE } from '../../test/support/load/team.ts';
import { type Legacy, restoreAzure, restoreKubernetes } from '../../test/support/takeover.ts';
import { type Cluster, SUBSCRIPTION } from '../../test/support/testbed.ts';
import { copyTeams } from './copies.ts';

/** So many objects of many teams, in order, in Kubernetes and in Azure: what azid finds when it starts again. */

/** Azure takes 4,000 role assignments in a subscription; 5,000 objects have 2,300. */
const OBJECTS_PER_SUBSCRIPTION = 5_000;

export const teamsFor = (objects: number) => Math.max(1, Math.round(objects / TEAM_SIZE));

/** The first is the simulator's own. */
export function subscriptionsFor(objects: number): readonly string[] {
  const count = Math.ceil(objects / OBJECTS_PER_SUBSCRIPTION);
  return Array.from({ length: Math.max(1, count) }, (_, n) =>
    n === 0 ? SUBSCRIPTION : `${n.toString(16).padStart(8, '0')}-2222-4333-8444-555555555555`,
  );
}

/** Teams `team-0` and on, in groups `rg-0` and on; the copies, to look things up in. */
export async function restoreTeams(
  template: Legacy,
  count: number,
  to: { readonly azure: Simulator; readonly cluster: Cluster; readonly subscriptions: readonly string[] },
): Promise<Legacy> {
  const { azure, cluster, subscriptions } = to;
  const copies = madeBy(azure, copyTeams(template, count, subscriptions));
  for (let n = 0; n < count; n++) {
    const subscriptionId = subscriptions[n % subscriptions.length] ?? SUBSCRIPTION;
    azure.control.createResourceGroup({ name: `rg-${n}`, subscriptionId });
  }
  await restoreAzure(copies, azure);
  await restoreKubernetes(copies, cluster);
  return copies;
}

/** The identities say as whom azid keeps them, and it signs in to this Azure as somebody else than to that of the template. */
function madeBy({ control }: Simulator, copies: Legacy): Legacy {
  const own = control.identities({}).find(({ id }) => id.endsWith('/azid-controller'));
  if (!own) throw new Error("expected azid's own identity to be in the simulated Azure, found none");
  const identities = copies.azure.identities.map((each) => ({
    ...each,
    tags: { ...each.tags, [MAKERS]: own.principalId.toLowerCase() },
  }));
  return { ...copies, azure: { ...copies.azure, identities } };
}
