/**
 * Which installation of azid this is: the id every mark in Azure carries (docs/architecture.md section 6). It is kept beside the
 * UID of the cluster it was made for, so a snapshot of the cluster, started elsewhere, does not act as the first one.
 */
import { HOME_SHARD } from '../../api/schema/shard.ts';
import { uuidV5 } from '../../azure/names/guid.ts';
import { type ConfigMap, configMaps, namespaces } from '../../kube/builtin.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isAlreadyExists, isConflict, unlessNotFound } from '../../kube/errors.ts';
import type { Store } from '../../kube/informer/store.ts';
import { HANDOVER, INSTALLATION_CONFIG_MAP } from '../../reconcilers/own-config-maps.ts';
import { notLeading } from './clients.ts';

/** Frozen: with another value azid would derive another id, and not find what it has made. */
const INSTALLATION_NAMESPACE = '0f3c2d6e-5b0e-4c55-9a57-2f6d7f1f8b11';

export interface InstallationOptions {
  /** azid's own namespace. */
  readonly namespace: string;
  /** `--installation-id`; by default derived from the cluster. */
  readonly installationId?: string;
  /** `--take-over`: claim an installation that belongs to another cluster, or rename this one. */
  readonly takeOver: boolean;
  /** `--shard`, and `--lease-name`. Absent: it works for the whole. */
  readonly shard?: { readonly name: string; readonly leaseName: string };
}

/** azid must not start: the message says why and what to do. */
class InstallationMismatch extends Error {
  override readonly name = 'InstallationMismatch';
}

/**
 * The installation id, if the claim is as it should be; undefined: it has to be written, which is the leader's to do, since another process may
 * work under the claim as it is. Throws as `claimInstallation`.
 */
export async function readInstallation(
  client: KubeClient,
  options: InstallationOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { metadata } = await client.get(namespaces, 'kube-system', signal);
  const claim = await unlessNotFound(
    client.get(configMaps, `${options.namespace}/${INSTALLATION_CONFIG_MAP}`, signal),
  );
  const verdict = decideClaim(claim?.data, metadata.uid, options);
  if (verdict.type === 'refuse') throw new InstallationMismatch(verdict.message);
  return verdict.type === 'accept' ? verdict.installationId : undefined;
}

/**
 * Reads or writes the claim and returns the installation id. Throws `InstallationMismatch` or a `KubeError`.
 *
 * @param mayWrite asked right before it is written
 */
export async function claimInstallation(
  client: KubeClient,
  options: InstallationOptions,
  signal: AbortSignal,
  mayWrite: () => boolean,
): Promise<string> {
  const { metadata } = await client.get(namespaces, 'kube-system', signal);
  const clusterUid = metadata.uid;
  const key = `${options.namespace}/${INSTALLATION_CONFIG_MAP}`;
  // Two replicas may start at once: the one that loses the race reads what the other wrote.
  for (let attempt = 0; ; attempt++) {
    const claim = await unlessNotFound(client.get(configMaps, key, signal));
    const verdict = decideClaim(claim?.data, clusterUid, options);
    switch (verdict.type) {
      case 'accept':
        return verdict.installationId;
      case 'refuse':
        throw new InstallationMismatch(verdict.message);
      case 'write': {
        const data = {
          installationId: verdict.installationId,
          clusterUid,
          ...(options.shard && { [SHARDED]: options.shard.leaseName }),
        };
        if (!mayWrite()) throw notLeading();
        try {
          if (claim)
            await client.mergePatch(
              configMaps,
              key,
              { metadata: { resourceVersion: claim.metadata.resourceVersion }, data },
              signal,
            );
          else await client.create(configMaps, configMap(options.namespace, data), signal);
          return verdict.installationId;
        } catch (error) {
          if (attempt >= 3 || !(isAlreadyExists(error) || isConflict(error))) throw error;
        }
      }
    }
  }
}

export type ClaimVerdict =
  | { readonly type: 'accept'; readonly installationId: string }
  | { readonly type: 'write'; readonly installationId: string }
  | { readonly type: 'refuse'; readonly message: string };

/** Pure: whether this process may start under the claim that was read, and what has to be written first. */
export function decideClaim(
  claim: Readonly<Record<string, string>> | undefined,
  clusterUid: string,
  { namespace, installationId, takeOver, shard }: InstallationOptions,
): ClaimVerdict {
  const wanted = installationId?.toLowerCase();
  const kept = claim?.installationId;
  const apart = shardProblem(claim, `ConfigMap ${namespace}/${INSTALLATION_CONFIG_MAP}`, shard);
  if (apart !== undefined) return { type: 'refuse', message: apart };
  if (!kept) return { type: 'write', installationId: wanted ?? uuidV5(INSTALLATION_NAMESPACE, clusterUid) };
  const where = `ConfigMap ${namespace}/${INSTALLATION_CONFIG_MAP}`;
  const moved = handedOver(claim, where);
  // With `--take-over` as well: another cluster has these identities now, or is about to.
  if (moved !== undefined) return { type: 'refuse', message: moved };
  if (wanted !== undefined && wanted !== kept) {
    if (takeOver) return { type: 'write', installationId: wanted };
    return {
      type: 'refuse',
      message: `--installation-id: expected ${kept}, which ${where} holds, got ${wanted}; with another id azid would not know what it made. Leave the flag out, or pass --take-over true to act as ${wanted} from now on`,
    };
  }
  if (claim.clusterUid !== clusterUid) {
    if (takeOver) return { type: 'write', installationId: kept };
    return {
      type: 'refuse',
      message: `${where} claims installation ${kept} for the cluster with kube-system UID ${claim.clusterUid ?? '(none)'}, but this cluster's is ${clusterUid}: it seems to be a copy of another cluster, and both acting as one would undo each other's work. Stop azid there and pass --take-over true here, or delete the ConfigMap to begin as a new installation`,
    };
  }
  // Written by the shard `default` once it leads, when the process that worked for the whole has ended.
  if (shard && shardLeases(claim) === undefined) return { type: 'write', installationId: kept };
  return { type: 'accept', installationId: kept };
}

/**
 * Member of the claim where several processes work, each for its shard, and none for the whole: the name that their Leases begin with, by which
 * each reads what the others have released.
 */
const SHARDED = 'sharded';

/** What the names of the shards' Leases begin with; undefined: one process works for the whole. */
export function shardLeases(claim: Readonly<Record<string, string>> | undefined): string | undefined {
  return claim?.[SHARDED] || undefined;
}

/** Pure: why this process must not work beside the other shards, or before them; undefined: it may. */
function shardProblem(
  claim: Readonly<Record<string, string>> | undefined,
  where: string,
  shard: InstallationOptions['shard'],
): string | undefined {
  const leases = shardLeases(claim);
  if (leases !== undefined && !shard)
    return `--shard: expected the name of a shard, got none, and ${where} says that this installation works in shards: one for the whole would work on what they work on. Pass --shard ${HOME_SHARD}; or, to work without shards again, stop them all and remove data.${SHARDED} there (docs/guides/shard-azid.md)`;
  if (leases !== undefined && shard && leases !== shard.leaseName)
    return `--lease-name: expected ${leases}, which ${where} says that the Leases of the shards begin with, got ${shard.leaseName}: a shard that does not see the others' Leases would not know what they work on. Leave the flag as the others have it`;
  if (leases === undefined && shard && shard.name !== HOME_SHARD)
    return `--shard: ${shard.name} begins only beside the shard ${HOME_SHARD}, and ${where} does not say that it has begun. Start azid with --shard ${HOME_SHARD} first; this one is started again until then`;
  return undefined;
}

/** Pure: why no controller may work here, as long as a handover is under way or done; undefined: none is. */
function handedOver(claim: Readonly<Record<string, string>> | undefined, where: string): string | undefined {
  const { [HANDOVER.handedOver]: at, [HANDOVER.importing]: since } = claim ?? {};
  if (at !== undefined)
    return `${where} says that installation ${claim?.installationId} was handed over to another cluster at ${at}: azid does not work here any more. If that cluster has it, run azid handover finish here; to work here again, stop azid there and run azid handover revert here`;
  if (since !== undefined)
    return `${where} says that an import from another cluster has been under way since ${since}: azid would take what is not there yet for gone. Run azid handover import again, to its end`;
  return undefined;
}

/** Aborts when the claim shows that a handover has begun: a process that works ends in order, as after a signal to stop. */
export function whenHandedOver(
  maps: Pick<Store<ConfigMap>, 'get' | 'onChange'>,
  namespace: string,
  cleanup: AsyncDisposableStack,
): AbortSignal {
  const begun = new AbortController();
  const key = `${namespace}/${INSTALLATION_CONFIG_MAP}`;
  const check = () => {
    const why = handedOver(maps.get(key)?.data, `ConfigMap ${key}`);
    if (why !== undefined) begun.abort(new InstallationMismatch(why));
  };
  cleanup.use(maps.onChange(check));
  check();
  return begun.signal;
}

function configMap(namespace: string, data: Readonly<Record<string, string>>) {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace, name: INSTALLATION_CONFIG_MAP },
    data,
  };
}
