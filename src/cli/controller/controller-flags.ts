import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { CREDENTIAL_KINDS, type CredentialKind } from '../../azure/arm/credential.ts';
import { AZURE_LIMITS } from '../../azure/limits.ts';
import { LEASE_TIMES } from '../../kube/lease/lease-record.ts';
import type { Flag } from '../flag.ts';
import {
  bool,
  busAddress,
  dnsLabel,
  duration,
  httpsOrigin,
  httpUrl,
  integer,
  issuerUrl,
  listenAddress,
  ratio,
  uuid,
} from '../parse.ts';

/** The flags of `azid controller` as data: the command, the help and the reference page come from this table. */

export interface ControllerFlags {
  readonly kubeconfig?: string;
  readonly namespace: string;
  readonly cloud: string;
  readonly armEndpoint?: string;
  readonly authorityHost?: string;
  readonly graphEndpoint?: string;
  readonly serviceBusEndpoint?: string;
  readonly caPem?: string;
  readonly credential: CredentialKind;
  readonly tenantId: string;
  readonly clientId?: string;
  readonly federatedTokenFile?: string;
  readonly clusterIssuer?: string;
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
  readonly workers: number;
  readonly resyncInterval: number;
  readonly activityLog: boolean;
  readonly signIns: boolean;
  readonly directory: boolean;
  readonly azureLag: number;
  readonly releaseAfter: number;
  readonly listenAddress: string;
  readonly traceEndpoint?: string;
  readonly traceRatio: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly logFormat: 'json' | 'text';
}

/**
 * A reconcile holds its worker while it waits for Azure, 4.9 s for an assignment. With fewer workers than a rate-limit scope runs calls
 * the write bucket of a subscription cannot be used up: 16 of them write 3.3 assignments a second, where 9 are allowed. Half as many
 * again, since a quarter of the workers is kept from resyncs, and a reconcile also reads before it writes.
 */
export const DEFAULT_WORKERS = AZURE_LIMITS.concurrency * 1.5;

export const FLAGS: readonly Flag[] = [
  {
    flags: '--kubeconfig <path>',
    env: 'AZID_KUBECONFIG',
    about: 'kubeconfig of the cluster; by default KUBECONFIG, then the pod, then ~/.kube/config',
  },
  {
    flags: '--namespace <name>',
    env: 'AZID_NAMESPACE',
    about: "azid's own namespace: Lease and installation id",
    parse: dnsLabel,
    fallback: 'azid-system',
  },
  {
    flags: '--cloud <name>',
    env: 'AZID_CLOUD',
    about: 'Azure cloud',
    choices: ['Public', 'USGovernment', 'China'],
    fallback: 'Public',
  },
  {
    flags: '--arm-endpoint <url>',
    env: 'AZID_ARM_ENDPOINT',
    about: "Azure Resource Manager, in place of the cloud's",
    parse: httpsOrigin,
  },
  {
    flags: '--authority-host <url>',
    env: 'AZURE_AUTHORITY_HOST',
    about: "Entra ID, in place of the cloud's",
    parse: httpsOrigin,
  },
  {
    flags: '--graph-endpoint <url>',
    env: 'AZID_GRAPH_ENDPOINT',
    about: "Microsoft Graph, in place of the cloud's; asked with --sign-ins or --directory alone",
    parse: httpsOrigin,
  },
  {
    flags: '--service-bus-endpoint <url>',
    env: 'AZID_SERVICE_BUS_ENDPOINT',
    about:
      'where all Service Bus namespaces are reached, in place of their own hosts: sb://host[:port], over TLS',
    parse: busAddress,
  },
  {
    flags: '--ca-file <path>',
    env: 'AZID_CA_FILE',
    about: 'PEM file with the CA of Resource Manager, Entra ID and Service Bus, where it is private',
    parse: pemFile,
  },
  {
    flags: '--credential <kind>',
    env: 'AZID_CREDENTIAL',
    about:
      'how azid signs in to Azure; auto: workload identity where a token file is given, else managed identity',
    choices: CREDENTIAL_KINDS,
    fallback: 'auto',
  },
  { flags: '--tenant-id <uuid>', env: 'AZURE_TENANT_ID', about: 'Entra tenant', parse: uuid, required: true },
  {
    flags: '--client-id <uuid>',
    env: 'AZURE_CLIENT_ID',
    about: "client id of azid's own identity",
    parse: uuid,
  },
  {
    flags: '--federated-token-file <path>',
    env: 'AZURE_FEDERATED_TOKEN_FILE',
    about: 'file with the ServiceAccount token that workload identity exchanges',
  },
  {
    flags: '--cluster-issuer <url>',
    env: 'AZID_CLUSTER_ISSUER',
    about:
      "issuer of this cluster's ServiceAccount tokens, taken as it is; by default found by discovery and refused where Entra could not reach it",
    parse: issuerUrl,
  },
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
  {
    flags: '--workers <n>',
    env: 'AZID_WORKERS',
    about: 'objects of one kind worked on at the same time; a quarter is kept for edits and events',
    parse: integer(1, 256),
    fallback: DEFAULT_WORKERS,
  },
  {
    flags: '--resync-interval <duration>',
    env: 'AZID_RESYNC_INTERVAL',
    about: 'how often identities are listed in Azure, per subscription',
    parse: duration('10s', '24h'),
    fallback: 600_000,
    shown: '10m',
  },
  {
    flags: '--activity-log <bool>',
    env: 'AZID_ACTIVITY_LOG',
    about:
      'read the Activity Log of each subscription in use, every 5 min: what others change is found sooner, with who it was',
    parse: bool,
    fallback: true,
  },
  {
    flags: '--sign-ins <bool>',
    env: 'AZID_SIGN_INS',
    about:
      'show when identities last signed in (status.lastSignIn); needs the permission AuditLog.Read.All of Microsoft Graph',
    parse: bool,
    fallback: false,
  },
  {
    flags: '--directory <bool>',
    env: 'AZID_DIRECTORY',
    about:
      'ask Microsoft Graph whether the principals of role assignments still exist, for sweeps; needs its permission Directory.Read.All',
    parse: bool,
    fallback: false,
  },
  {
    flags: '--azure-lag <duration>',
    env: 'AZID_AZURE_LAG',
    about: 'how long Azure may not show what was just written',
    parse: duration('0s', '1h'),
    fallback: 120_000,
    shown: '2m',
  },
  {
    flags: '--release-after <duration>',
    env: 'AZID_RELEASE_AFTER',
    about:
      'how long a deletion that Azure refuses holds its object, and a reference to a missing identity what may be meant by it',
    parse: duration('1m', '30d'),
    fallback: 3_600_000,
    shown: '1h',
  },
  {
    flags: '--listen-address <address>',
    env: 'AZID_LISTEN_ADDRESS',
    about: 'serves /metrics, /healthz and /readyz',
    parse: listenAddress,
    fallback: ':8080',
  },
  {
    flags: '--trace-endpoint <url>',
    env: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    about:
      'where traces go, as OTLP over HTTP (http/protobuf), such as http://collector:4318/v1/traces; without it and OTEL_EXPORTER_OTLP_ENDPOINT none are made',
    parse: httpUrl,
  },
  {
    flags: '--trace-ratio <number>',
    env: 'OTEL_TRACES_SAMPLER_ARG',
    about: 'share of traces that are recorded, from 0 to 1; each reconcile is one',
    parse: ratio,
    fallback: 1,
  },
  {
    flags: '--log-level <level>',
    env: 'AZID_LOG_LEVEL',
    about: 'least severe level logged',
    choices: ['debug', 'info', 'warn', 'error'],
    fallback: 'info',
  },
  {
    flags: '--log-format <format>',
    env: 'AZID_LOG_FORMAT',
    about: 'JSON lines, or text for people',
    choices: ['json', 'text'],
    fallback: 'json',
  },
];

/** The file's text: it is read once, at the door, where the flag can still be named. */
function pemFile(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new InvalidArgumentError(
      `Expected a readable PEM file: ${error instanceof Error ? error.message : error}.`,
    );
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw new InvalidArgumentError(
      'Expected a PEM file with at least one certificate (-----BEGIN CERTIFICATE-----).',
    );
  }
  return text;
}
