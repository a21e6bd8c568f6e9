/** Which controllers work in a cluster, and whether one may: by their Leases, for each shard, and by the claim on the installation. */
import { type EventSource, eventSource } from '../../api/event-source.ts';
import { HOME_SHARD, SHARD_LABEL, shardNamed } from '../../api/schema/shard.ts';
import { configMaps, leases, type Namespace, namespaces } from '../../kube/builtin.ts';
import { type AtWork, holderAtWork } from '../../kube/lease/at-work.ts';
import { isShardLease, shardLeaseName, shardOn } from '../../kube/lease/shard-lease.ts';
import { INSTALLATION_CONFIG_MAP } from '../../reconcilers/own-config-maps.ts';
import { type CheckDeps, type CheckFinding, ok, problem, readAll, readIfAny, unknown } from '../finding.ts';
import { type ObservedController, replicasText } from './controller.ts';

const LEASE = 'lease';

/** Whether a controller works, and since when: by its Lease, which is read until it is renewed. */
export async function leaseFindings(
  deps: CheckDeps,
  controller: ObservedController | undefined,
): Promise<readonly CheckFinding[]> {
  const atWork = await holderAtWork(deps);
  const lease = await readIfAny(leases, `${deps.namespace}/${deps.leaseName}`, deps);
  return [leaseFinding(atWork, lease?.spec?.acquireTime, controller)];
}

/** Pure. */
export function leaseFinding(
  atWork: AtWork,
  acquireTime: string | undefined,
  controller: ObservedController | undefined,
): CheckFinding {
  const replicas = controller ? `; ${replicasText(controller)}` : '';
  switch (atWork.state) {
    case 'working': {
      // By the holder's clock.
      const since = acquireTime === undefined ? '' : ` since ${acquireTime.replace(/\.\d+Z$/, 'Z')}`;
      return ok(LEASE, `${atWork.holder} works${since}${replicas}`);
    }
    case 'none':
      return problem(
        LEASE,
        `no controller works: ${atWork.why}${replicas}`,
        'start the controller, or see in its log why it does not lead: kubectl logs -n azid-system deployment/azid-controller',
      );
    case 'unknown':
      return unknown(
        LEASE,
        `it is not known whether a controller works: ${atWork.why}${replicas}`,
        'start the controller; name its Lease with --lease-name; one with --leader-elect false has none',
      );
  }
}

const SHARDS = 'shards';
const MOST_NAMED = 5;

export interface ObservedShard {
  readonly shard: string;
  readonly atWork: AtWork;
  /** Names of those whose label names it; of the shard `default`, none. */
  readonly namespaces: readonly string[];
  readonly eventSources: readonly string[];
}

/** Whether a controller works for each shard that a label names. Nothing is found where neither a Lease nor a label names one. */
export async function shardFindings(deps: CheckDeps): Promise<readonly CheckFinding[]> {
  const { leaseName, namespace } = deps;
  const held = (await readAll(leases, deps, namespace)).filter(({ metadata }) =>
    isShardLease(metadata.name, leaseName),
  );
  const labelled = (await readAll<Namespace>(namespaces, deps)).filter(isLabelled);
  const sources = (await readAll<EventSource>(eventSource.resource, deps)).filter(isLabelled);
  const isInShards = held.some((lease) => shardOn(lease) !== undefined);
  const named = [...labelled, ...sources].map(shardNamed);
  const shards = new Set([...held.flatMap((lease) => shardOn(lease)?.shard ?? []), ...named]);
  if (!isInShards) return unshardedFindings([...new Set(named)]);
  const observed = [...shards].toSorted().map(
    async (shard): Promise<ObservedShard> => ({
      shard,
      atWork: await holderAtWork({ ...deps, leaseName: shardLeaseName(leaseName, shard) }),
      namespaces: namesOf(labelled, shard),
      eventSources: namesOf(sources, shard),
    }),
  );
  return (await Promise.all(observed)).map(shardFinding);
}

/** Pure. */
export function unshardedFindings(named: readonly string[]): readonly CheckFinding[] {
  const others = named.filter((shard) => shard !== HOME_SHARD);
  if (others.length === 0) return [];
  return [
    problem(
      SHARDS,
      `the label ${SHARD_LABEL} names ${others.join(', ')}, and no azid works in shards`,
      'start azid with --shard default, then one for each shard that a label names (docs/guides/shard-azid.md), or remove the labels: without --shard they change nothing',
    ),
  ];
}

/** Pure. */
export function shardFinding({
  shard,
  atWork,
  namespaces: names,
  eventSources,
}: ObservedShard): CheckFinding {
  const has = [
    ...(names.length > 0 ? [`namespaces ${shortened(names)}`] : []),
    ...(eventSources.length > 0 ? [`EventSources ${shortened(eventSources)}`] : []),
  ].join(' and ');
  if (atWork.state === 'working')
    return ok(SHARDS, `${shard}: ${atWork.holder} works${has === '' ? '' : `, for ${has}`}`);
  if (shard === HOME_SHARD)
    return problem(
      SHARDS,
      `nobody works for the shard ${HOME_SHARD}: ${atWork.why}; attachments, ends of grants, policies and sweeps wait`,
      `start azid with --shard ${HOME_SHARD}`,
    );
  const what = has === '' ? 'which no label names' : `which has ${has}`;
  return problem(
    SHARDS,
    `nobody works for the shard ${shard}, ${what}: ${atWork.why}`,
    has === ''
      ? `start azid with --shard ${shard}, or delete its Lease if the shard is given up`
      : `start azid with --shard ${shard}, or give another label ${SHARD_LABEL}`,
  );
}

function isLabelled({ metadata }: { readonly metadata: { readonly labels?: object } }): boolean {
  return SHARD_LABEL in (metadata.labels ?? {});
}

function namesOf(
  objects: readonly {
    readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  }[],
  shard: string,
): readonly string[] {
  return objects.filter((each) => shardNamed(each) === shard).map(({ metadata }) => metadata.name);
}

function shortened(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  return `${names.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** What azid itself decides at its start. @returns why it would refuse to work in this cluster; undefined: it would not */
export type ClaimRefusal = (
  claim: Readonly<Record<string, string>>,
  clusterUid: string,
) => string | undefined;

/** Nothing is found where no controller ever worked. */
export async function installationFindings(
  deps: CheckDeps,
  refusalOf: ClaimRefusal,
): Promise<readonly CheckFinding[]> {
  const key = `${deps.namespace}/${INSTALLATION_CONFIG_MAP}`;
  const claim = await readIfAny(configMaps, key, deps);
  if (!claim?.data?.installationId) return [];
  const { metadata } = await deps.client.get(namespaces, 'kube-system', deps.signal);
  const refused = refusalOf(claim.data, metadata.uid);
  const area = 'installation';
  return refused === undefined
    ? [ok(area, `${claim.data.installationId}, of this cluster`)]
    : [problem(area, refused, 'do as the message says: azid refuses to start until then')];
}
