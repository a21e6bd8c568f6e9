import { configMaps, namespaces } from '../../kube/builtin.ts';
import { INSTALLATION_CONFIG_MAP } from '../../reconcilers/own-config-maps.ts';
import { type CheckDeps, readIfAny } from '../deps.ts';
import { type CheckFinding, ok, problem } from '../finding.ts';

/** Whether azid may work in this cluster: what it would judge itself at its start. */

/** @returns why it would refuse; undefined: it would not */
export type JudgeClaim = (claim: Readonly<Record<string, string>>, clusterUid: string) => string | undefined;

/** Nothing is found where no controller ever worked. */
export async function installationFindings(
  deps: CheckDeps,
  judge: JudgeClaim,
): Promise<readonly CheckFinding[]> {
  const key = `${deps.namespace}/${INSTALLATION_CONFIG_MAP}`;
  const claim = await readIfAny(configMaps, key, deps);
  if (!claim?.data?.installationId) return [];
  const { metadata } = await deps.client.get(namespaces, 'kube-system', deps.signal);
  const refused = judge(claim.data, metadata.uid);
  const area = 'installation';
  return refused === undefined
    ? [ok(area, `${claim.data.installationId}, of this cluster`)]
    : [problem(area, refused, 'do as the message says: azid refuses to start until then')];
}
