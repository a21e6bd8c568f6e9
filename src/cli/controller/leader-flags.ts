import { LEASE_TIMES } from '../../kube/lease/lease-record.ts';
import type { Flag } from '../flag.ts';
import { bool, dnsLabel, duration, integer, uuid } from '../parse.ts';

/** For which installation and which part of it a controller works, and how it comes to lead there. */
export interface LeaderFlags {
  readonly installationId?: string;
  readonly takeOver: boolean;
  readonly leaderElect: boolean;
  readonly leaseName: string;
  readonly shard?: string;
  readonly shardCount: number;
  readonly leaseDuration: number;
  readonly renewDeadline: number;
  readonly retryPeriod: number;
  readonly podUid?: string;
}

export const LEADER_FLAGS: readonly Flag[] = [
  {
    flags: '--installation-id <uuid>',
    env: 'AZID_INSTALLATION_ID',
    about: 'marks everything azid makes; by default derived from the cluster',
    parse: uuid,
  },
  {
    flags: '--take-over <bool>',
    env: 'AZID_TAKE_OVER',
    about: 'claim the installation although it belongs to another cluster or id',
    parse: bool,
    fallback: false,
  },
  {
    flags: '--leader-elect <bool>',
    env: 'AZID_LEADER_ELECT',
    about: 'work only while holding the Lease',
    parse: bool,
    fallback: true,
  },
  {
    flags: '--lease-name <name>',
    env: 'AZID_LEASE_NAME',
    about: 'name of the Lease',
    parse: dnsLabel,
    fallback: 'azid-controller',
  },
  {
    flags: '--shard <name>',
    env: 'AZID_SHARD',
    about:
      'work for one shard alone, beside others: for namespaces whose label azid.dev/shard names it; default has all others, and what belongs to no namespace. By default azid works for everything',
    parse: dnsLabel,
  },
  {
    flags: '--shard-count <n>',
    env: 'AZID_SHARD_COUNT',
    about: "with --shard, how many shards there are: each takes an equal part of Azure's limits",
    parse: integer(1, 64),
    fallback: 2,
  },
  {
    flags: '--lease-duration <duration>',
    env: 'AZID_LEASE_DURATION',
    about: 'after so long without a renewal others take the Lease; whole seconds, the same in all replicas',
    parse: duration('5s', '10m'),
    fallback: LEASE_TIMES.leaseDurationMs,
    shown: '15s',
  },
  {
    flags: '--renew-deadline <duration>',
    env: 'AZID_RENEW_DEADLINE',
    about:
      'after so long without a renewal that succeeded the leader ends; at most four fifths of --lease-duration',
    parse: duration('2s', '8m'),
    fallback: LEASE_TIMES.renewDeadlineMs,
    shown: '10s',
  },
  {
    flags: '--retry-period <duration>',
    env: 'AZID_RETRY_PERIOD',
    about: 'between two renewals, and between two tries of a follower that hears nothing of the Lease',
    parse: duration('500ms', '2m'),
    fallback: LEASE_TIMES.retryMs,
    shown: '2s',
  },
  {
    flags: '--pod-uid <uid>',
    env: 'AZID_POD_UID',
    about:
      'uid of the pod azid runs in: a container that is started anew takes over at once from the one that died before it in the same pod',
    parse: uuid,
  },
];
