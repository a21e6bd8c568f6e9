/** `azid controller`: its flags, as data, and the command. The help and the reference page come from these tables. */
import type { Command } from 'commander';
import { AZURE_LIMITS } from '../../azure/limits.ts';
import { type AzureFlags, ENDPOINT_FLAGS, SIGN_IN_FLAGS, withCaPem } from '../azure-flags.ts';
import { type Flag, optionOf } from '../flag.ts';
import {
  bool,
  busAddress,
  dnsLabel,
  duration,
  httpUrl,
  integer,
  issuerUrl,
  listenAddress,
  ratio,
} from '../parse.ts';
import { endProcess } from '../run-command.ts';
import { LEADER_FLAGS, type LeaderFlags } from './leader-flags.ts';

export interface ControllerFlags extends AzureFlags, LeaderFlags {
  readonly kubeconfig?: string;
  readonly namespace: string;
  readonly serviceBusEndpoint?: string;
  readonly clusterIssuer?: string;
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
  ...ENDPOINT_FLAGS,
  {
    flags: '--service-bus-endpoint <url>',
    env: 'AZID_SERVICE_BUS_ENDPOINT',
    about:
      'where all Service Bus namespaces are reached, in place of their own hosts: sb://host[:port], over TLS',
    parse: busAddress,
  },
  ...SIGN_IN_FLAGS,
  {
    flags: '--cluster-issuer <url>',
    env: 'AZID_CLUSTER_ISSUER',
    about:
      "issuer of this cluster's ServiceAccount tokens, taken as it is; by default found by discovery and refused where Entra could not reach it",
    parse: issuerUrl,
  },
  ...LEADER_FLAGS,
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

export function addControllerCommand(program: Command): void {
  const command = program
    .command('controller')
    .description('Run the controller: keep Azure as declared in the cluster.')
    .allowExcessArguments(false);
  for (const flag of FLAGS) command.addOption(optionOf(flag));
  command.action(async (options: Omit<ControllerFlags, 'caPem'> & { caFile?: string }) => {
    // Only now: the controller is far larger than reading its flags.
    const { runController } = await import('./run-controller.ts');
    endProcess(await runController(withCaPem(options)));
  });
}
