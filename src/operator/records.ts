/** What azid keeps in its own namespace, as a process before this one left it. Loaded when the stores are full. */
import { MANAGED_BY, MANAGED_BY_LABEL } from '../api/schema/common.ts';
import { HOME_SHARD } from '../api/schema/shard.ts';
import type { KubeClient } from '../kube/client.ts';
import { RetainedRecords } from '../orphans/records/retained.ts';
import { RETAINED_CONFIG_MAP } from '../reconcilers/own-config-maps.ts';
import { RECORD_LABEL } from '../reconcilers/proof/principal-records.ts';
import { RecordedPrincipals } from '../reconcilers/proof/recorded-principals.ts';
import type { Stores } from '../reconcilers/stores.ts';
import type { OperatorOptions } from './options.ts';

interface RecordParts {
  readonly options: Pick<OperatorOptions, 'namespace' | 'clock' | 'shard'>;
  readonly client: Pick<KubeClient, 'list' | 'create' | 'mergePatch'>;
  readonly installationId: string;
}

/** On which principals azid read its marks before; gone objects are distinguished from living ones. */
export function principalsOf(
  { options: { namespace, shard }, client, installationId }: RecordParts,
  { identities }: Pick<Stores, 'identities'>,
) {
  const principals = new RecordedPrincipals({
    client,
    namespace,
    installationId,
    shared: shard !== undefined,
  });
  const living = new Set(identities.values().map(({ metadata }) => metadata.uid));
  return { principals, load: (signal: AbortSignal) => principals.load((uid) => living.has(uid), signal) };
}

/** What was left in Azure on purpose. */
export function retainedOf({
  options: { namespace, clock, shard },
  client,
  installationId,
}: RecordParts): RetainedRecords {
  return new RetainedRecords({
    client,
    namespace,
    installationId,
    labels: { [MANAGED_BY_LABEL]: MANAGED_BY, [RECORD_LABEL]: 'retained' },
    name: RETAINED_CONFIG_MAP,
    now: () => clock.now(),
    ...(shard && { shared: shard.name === HOME_SHARD ? 'begins' : 'follows' }),
  });
}
