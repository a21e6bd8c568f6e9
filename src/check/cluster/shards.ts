import { type EventSource, eventSource } from '../../api/event-source.ts';
import { HOME_SHARD, SHARD_LABEL, shardNamed } from '../../api/schema/shard.ts';
import { leases, type Namespace, namespaces } from '../../kube/builtin.ts';
import { type AtWork, holderAtWork } from '../../kube/lease/at-work.ts';
import { isShardLease, shardLeaseName, shardOn } from '../../kube/lease/shard-lease.ts';
import { type CheckDeps, readAll } from '../deps.ts';
import { type CheckFinding, ok, problem } from '../finding.ts';

/** Whether somebody works for each shard that a label names. Nothing is found where neither a Lease nor a label names one. */

const AREA = 'shards';
const MOST_NAMED = 5;

export interface ObservedShard {
  readonly shard: string;
  readonly atWork: AtWork;
  /** Names of those whose label names it; of the shard `default`, none. */
  readonly namespaces: readonly string[];
  readonly eventSources: readonly string[];
}

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
      AREA,
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
    return ok(AREA, `${shard}: ${atWork.holder} works${has === '' ? '' : `, for ${has}`}`);
  if (shard === HOME_SHARD)
    return problem(
      AREA,
      `nobody works for the shard ${HOME_SHARD}: ${atWork.why}; attachments, ends of grants, policies and sweeps wait`,
      `start azid with --shard ${HOME_SHARD}`,
    );
  const what = has === '' ? 'which no label names' : `which has ${has}`;
  return problem(
    AREA,
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
