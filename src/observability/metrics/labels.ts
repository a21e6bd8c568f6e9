import { KINDS } from '../../api/index.ts';
import { PROVIDERS } from '../../hints/activity-log/record.ts';
import { DROPPED, UNREADABLE } from '../../hints/events/envelope.ts';
import { EVENT_TYPES } from '../../hints/events/read-message.ts';
import { PRIORITIES } from '../../runtime/outcome.ts';
import { CALL_KINDS } from './azure-series.ts';
import { RESULTS } from './controller-series.ts';
import { OUTCOMES, STATES } from './event-series.ts';

/**
 * What each label of a series means. The reference of metrics prints it, the dashboard and the alerts are checked against it, and
 * a test holds the values of a controller at work to it.
 */
interface LabelMeaning {
  readonly meaning: string;
  /** All there can be. Absent: they come from outside. */
  readonly values?: readonly string[];
}

const controllers = KINDS.map(({ singular }) => singular);
const flag = ['true', 'false'];

/** Labels that mean the same on every series that has them. */
const LABELS: Readonly<Record<string, LabelMeaning>> = {
  actionable: { meaning: 'whether it led to a read of Azure', values: flag },
  bucket: {
    meaning: 'what comes after `x-ms-ratelimit-remaining-` in the header, or the policy that it names',
  },
  cache: {
    meaning: 'which of the caches of Azure',
    values: ['identities', 'assignments', 'roles', 'credentials', 'hosts'],
  },
  code: { meaning: 'HTTP status, `<error>` when no answer came' },
  controller: { meaning: 'kind that is reconciled', values: controllers },
  host: { meaning: 'host and port of the API server' },
  kind: { meaning: 'by which limit of Azure the call counts', values: CALL_KINDS },
  method: { meaning: 'HTTP method' },
  name: { meaning: 'as `controller`, the label that client-go has', values: controllers },
  outcome: { meaning: 'how the message was settled; `failed`: it could not be', values: OUTCOMES },
  part: {
    meaning: 'resource type, or scope above subscriptions; empty for the whole subscription',
  },
  priority: { meaning: 'class in the queue, the most urgent first', values: PRIORITIES },
  provider: { meaning: 'resource provider whose records are asked for', values: PROVIDERS },
  requestType: { meaning: 'HTTP method' },
  resource: { meaning: 'resource type, in lower case' },
  responseCode: { meaning: 'HTTP status, `none` when no answer came' },
  result: { meaning: 'how the reconcile ended', values: RESULTS },
  source: { meaning: 'name of the EventSource' },
  state: { meaning: 'of the queue of the EventSource', values: STATES },
  subscription: { meaning: 'id of the subscription; empty for what lies above subscriptions' },
  sweep: { meaning: 'name of the OrphanSweep' },
  verdict: {
    meaning: 'what becomes of the candidate',
    values: ['Due', 'Waiting', 'Kept', 'Reported'],
  },
};

/** Labels that mean something else on one series. */
const LABELS_OF_SERIES: Readonly<Record<string, Readonly<Record<string, LabelMeaning>>>> = {
  azid_activity_log_failures_total: { reason: { meaning: 'as in conditions: `AuthorizationFailed`, say' } },
  azid_event_dropped_total: {
    reason: { meaning: 'why it led to nothing', values: [...DROPPED, 'Own', 'Irrelevant'] },
  },
  azid_event_messages_dead_lettered_total: {
    reason: { meaning: 'why it cannot be understood', values: UNREADABLE },
  },
  azid_event_received_total: { type: { meaning: 'type of the event', values: EVENT_TYPES } },
  azid_orphan_deletions_total: { type: { meaning: 'of the thing in Azure', values: orphanTypes() } },
  azid_orphans: {
    type: { meaning: 'of the thing in Azure', values: orphanTypes() },
    reason: { meaning: 'why it is listed: `docs/orphans.md`' },
  },
  azid_sign_ins_failures_total: { reason: { meaning: 'as in conditions; see the meaning of the series' } },
  azid_shard_namespaces: {
    shard: { meaning: 'that this process works for' },
    state: {
      meaning:
        '`waiting`: whoever had it before has not released it yet; `releasing`: it is another shard’s by now, and something of it still runs here',
      values: ['working', 'waiting', 'releasing'],
    },
  },
  azid_shard_unserved_namespaces: { shard: { meaning: 'as the label `azid.dev/shard` has it' } },
  leader_election_master_status: { name: { meaning: 'name of the Lease' } },
  nodejs_active_handles: { type: { meaning: 'class of the handle, of Node.js' } },
  nodejs_active_requests: { type: { meaning: 'class of the request, of Node.js' } },
  nodejs_active_resources: { type: { meaning: 'class of the resource, of Node.js' } },
  nodejs_gc_duration_seconds: {
    kind: { meaning: 'of the collection', values: ['major', 'minor', 'incremental', 'weakcb'] },
  },
  ...Object.fromEntries(
    ['total', 'used', 'available'].map((what) => [
      `nodejs_heap_space_size_${what}_bytes`,
      { space: { meaning: 'space of the heap, in the words of V8' } },
    ]),
  ),
  nodejs_version_info: Object.fromEntries(
    ['version', 'major', 'minor', 'patch'].map((part) => [part, { meaning: `of Node.js: ${part}` }]),
  ),
};

function orphanTypes(): readonly string[] {
  return ['Identity', 'RoleAssignment', 'FederatedIdentityCredential'];
}

/** Throws for a label that has no meaning here: a new one needs a line. */
export function labelMeaning(series: string, label: string): LabelMeaning {
  const found = LABELS_OF_SERIES[series]?.[label] ?? LABELS[label];
  if (!found)
    throw new Error(
      `expected src/observability/metrics/labels.ts to say what the label ${label} of ${series} is, got nothing`,
    );
  return found;
}

/** Whether the label means on this series what it means nowhere else. */
export function hasOwnMeaning(series: string, label: string): boolean {
  return LABELS_OF_SERIES[series]?.[label] !== undefined;
}
