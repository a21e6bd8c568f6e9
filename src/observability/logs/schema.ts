import { LOG_LEVELS, type LogLevel } from './logs.ts';

/**
 * The lines that a controller writes: the messages, which are constant, and the fields beside them. People search for them and
 * alerts rest on them, so they change with a note in the release. `docs/reference/logs.md` is made of this, a test holds the log
 * calls of the sources to it, and another one the lines of a controller at work.
 */

interface LogMessage {
  readonly message: string;
  readonly levels: readonly LogLevel[];
  /** Beside those of the line's context. */
  readonly fields: readonly string[];
}

/** On every line. */
export const HEAD_FIELDS: Readonly<Record<string, string>> = {
  time: 'when, in UTC, to the millisecond',
  level: `how urgent: ${LOG_LEVELS.join(', ')}`,
  msg: 'what happened: one of the messages below, always in the same words',
};

/** On every line that belongs to it. */
export const CONTEXT_FIELDS: Readonly<Record<string, string>> = {
  controller:
    'kind that is reconciled, in lower case; `-first-condition` at its end: what gives new objects their initial condition',
  namespace: 'of the object',
  name: 'of the object',
  reconcileId: 'the same on all lines of one reconcile',
  eventSource: 'name of the EventSource',
  queue: 'Service Bus namespace and queue of the EventSource',
};

export const MESSAGE_FIELDS: Readonly<Record<string, string>> = {
  action: 'step of a reconcile, such as `putAssignment`',
  after: 'resident memory after it, in bytes',
  afterMs: 'when the reconcile goes on, in milliseconds',
  api: 'URL of the API server',
  area: 'what the list covers: a subscription, a management group, the tenant, or a type of resource in a subscription',
  arm: 'URL of Azure Resource Manager',
  before: 'resident memory before it, in bytes',
  cache: 'which of the caches of Azure',
  change: 'what was changed in Azure, in a sentence',
  cloud: 'name of the cloud',
  code: 'error code of Service Bus',
  configMap: 'namespace and name of the ConfigMap',
  correlationId: 'of Azure: the same in its Activity Log',
  count: 'how many',
  differMinutes: 'by how many minutes the two clocks differ',
  endpoint: 'origin of the URL that traces go to',
  error: 'name, message and code of an error, and its cause; at level `error` its stack as well',
  event: 'reason of the Kubernetes Event',
  failures: 'how often it has failed in a row',
  for: 'what the object waits for',
  headStart: 'whether what it needs was read before it led, while the Lease of a silent leader ran out',
  holder: 'identity of the process that holds the Lease',
  id: 'ARM id',
  identity: 'of this process, as in the Lease',
  installation: 'installation id',
  installationId: 'installation id',
  keys: 'namespace and name of the objects',
  lease: 'namespace and name of the Lease',
  message: 'message of the error',
  messageId: 'of Service Bus',
  namespaces: 'names of namespaces, the first 20',
  nextMs: 'when the object is reconciled next without being enqueued, in milliseconds',
  notBeforeMs: 'when the rate limit opens, in milliseconds',
  note: 'text of the Kubernetes Event',
  operation: 'of Azure, such as `Microsoft.Authorization/roleAssignments/write`',
  otherCluster: 'who claims the installation',
  outcome: 'how the message was settled',
  provider: 'resource provider',
  ratio: 'share of traces that are recorded',
  reason: 'one word, as in conditions',
  recheckMs: 'when azid reads again, in milliseconds',
  record: 'name of the OrphanRecord',
  remedy: 'what to do',
  resource: 'resource of the API server, such as `rolegrants`',
  right: 'action in Azure that azid’s identity lacks',
  shard: 'name of the shard',
  signal: 'of the operating system',
  state: 'step of the reflector',
  status: 'HTTP status of the API server',
  subscription: 'id of the subscription',
  timeLimitMs: 'how long a reconcile may take, in milliseconds',
  version: 'of azid',
  waitMs: 'when it is tried again, in milliseconds',
  why: 'why, in a sentence',
};

const line = (level: LogLevel, message: string, ...fields: readonly string[]): LogMessage => ({
  message,
  levels: [level],
  fields,
});
/** At `warn` when it is new, at `debug` while it lasts. */
const seldom = (message: string, ...fields: readonly string[]): LogMessage => ({
  message,
  levels: ['warn', 'debug'],
  fields,
});

export const LOG_SECTIONS: Readonly<Record<string, readonly LogMessage[]>> = {
  'Start and stop': [
    line('info', 'starting', 'version', 'cloud', 'arm', 'api'),
    line('info', 'traces are recorded', 'endpoint', 'ratio'),
    line('warn', 'spans of traces could not be delivered and are lost', 'count', 'error'),
    line('info', 'spans of traces are delivered again', 'count'),
    line('info', 'installation claimed', 'installationId'),
    line('info', 'caches synced'),
    line('info', 'became leader', 'identity'),
    line('info', 'caught up with the API server'),
    line('info', 'the leader has fallen silent: reading what is needed to take its place'),
    line('info', 'not caught up with the API server yet', 'error'),
    line('info', 'working', 'installationId', 'headStart'),
    line('info', 'works on namespaces of its shard', 'shard', 'namespaces', 'count'),
    line('info', 'waits for a namespace of its shard', 'shard', 'namespaces', 'lease', 'holder', 'why'),
    line('warn', 'whether the namespaces of this shard are free is not known yet', 'error'),
    line('info', 'released a namespace', 'shard', 'namespaces'),
    line('warn', 'still runs though cut off: until it ends no other shard begins with its namespace'),
    line(
      'warn',
      'nobody works for the shard that the label azid.dev/shard of these namespaces names',
      'shard',
      'namespaces',
      'count',
    ),
    line('debug', 'who works for the other shards is not known', 'error'),
    line('debug', 'gave back what the start left in memory', 'before', 'after'),
    line('info', 'stopping', 'signal'),
    line('info', 'released the lease', 'identity'),
    line('info', 'left the lease to run out', 'identity'),
    line('error', 'broken: ending at once', 'error', 'reason'),
    line('info', 'stopped'),
    line('error', 'cannot go on', 'error', 'reason'),
    line('error', 'leadership lost', 'why'),
    line('error', 'handed over', 'why'),
  ],
  'Changes made': [
    line('info', 'wrote to Azure', 'reason', 'correlationId', 'change'),
    line('info', 'recorded an Event', 'reason', 'note'),
    line('info', 'finalizer removed'),
  ],
  Reconciles: [
    line('warn', 'reconcile failed, will be retried', 'reason', 'error', 'failures'),
    line('warn', 'reconcile stalled until someone acts', 'reason', 'recheckMs'),
    line('error', 'reconcile failed unexpectedly', 'error'),
    line('warn', 'reconcile ran over its time limit and was aborted', 'timeLimitMs'),
    line('debug', 'reconcile done', 'nextMs'),
    line('debug', 'reconcile to be continued', 'afterMs', 'why'),
    line('debug', 'reconcile waits for another object', 'for', 'recheckMs'),
    line('debug', 'reconcile held back by a closed rate-limit scope', 'reason', 'notBeforeMs'),
    line('debug', 'reconcile ended by stop'),
    line('debug', 'reconcile ended by an edit while it waited for a rate limit'),
    line('debug', 'decided again: it waited, and may not hold any more', 'action'),
    line('debug', 'action failed', 'action', 'reason'),
    line('warn', 'reconciles aborted by stop', 'keys'),
    line('error', 'reconciles left behind', 'keys'),
    line('error', 'class of a key could not be judged', 'error'),
    line('warn', 'the record of a deletion could not be completed', 'error', 'record'),
  ],
  'The API server': [
    line('warn', 'the API server does not answer yet', 'error'),
    line('debug', 'reflector step', 'resource', 'state'),
    seldom('reflector waits after a failure', 'resource', 'reason', 'status', 'waitMs', 'message'),
    line('error', 'a store listener threw', 'resource', 'error'),
    line('debug', 'event dropped', 'event', 'reason', 'status', 'why', 'error'),
    line('info', 'standing by: another process leads', 'identity', 'lease', 'holder'),
    line(
      'warn',
      'standing by: the lease can be neither read nor taken; check that azid may get, create, update and watch it',
      ...['identity', 'lease', 'reason', 'status'],
    ),
    line('error', 'lost the lease', 'identity', 'why'),
    line('debug', 'lease not renewed', 'identity', 'reason', 'status'),
    line('warn', 'lease not released', 'identity', 'reason'),
    line('debug', 'the watch of the lease ended', 'reason'),
    line('warn', 'the server of probes and metrics failed and goes on', 'error'),
  ],
  Azure: [
    line('warn', 'list of Azure failed', 'cache', 'area', 'error'),
    line('debug', 'who azid is in Azure is not known yet', 'error'),
    line(
      'warn',
      'another cluster claims this installation, and its sweep would take what this one has for orphans: stop azid in one of the two, or give it an installation id of its own',
      ...['otherCluster', 'installation'],
    ),
    line(
      'warn',
      'whether another cluster claims this installation could not be read, or not be answered',
      'error',
    ),
    line(
      'warn',
      'sign-ins of managed identities cannot be read; status.lastSignIn stays as it is',
      'reason',
      'error',
      'remedy',
    ),
    line('info', 'sign-ins of managed identities are read again'),
  ],
  'Events and the Activity Log': [
    line('info', 'no EventSource: what changes in Azure is found by the Activity Log and by lists alone'),
    line('info', 'receiving from the queue of events'),
    seldom('the queue of events cannot be received from', 'error', 'reason', 'code', 'failures'),
    seldom('a message of the queue of events cannot be understood', 'messageId', 'reason', 'message'),
    seldom('the time of an event cannot be right', 'messageId'),
    seldom('the clocks of azid and of Service Bus differ', 'messageId', 'differMinutes'),
    seldom('events of another source than Resource Manager come to the queue of events', 'messageId'),
    line('error', 'a message of the queue of events was not taken', 'error', 'messageId'),
    line('debug', 'a message could not be settled and will come again', 'error', 'messageId', 'outcome'),
    line('error', 'the consumer of a queue ended by a fault', 'error'),
    line('warn', 'the Activity Log was not read; it is tried again', 'subscription', 'reason', 'error'),
    line(
      'warn',
      'the Activity Log cannot be read: what others change is found by lists alone, federated credentials within 6 h, and nobody is named',
      ...['subscription', 'reason', 'error', 'right', 'remedy'],
    ),
    line('info', 'the Activity Log is read again', 'subscription'),
    line(
      'debug',
      'records of the Activity Log that are none were passed over',
      'subscription',
      'provider',
      'count',
    ),
    line('error', 'a record of the Activity Log was passed over', 'id', 'operation', 'error'),
    line(
      'warn',
      'how far the Activity Log was read is not known; the last day is read',
      'configMap',
      'error',
    ),
    line('warn', 'how far the Activity Log was read cannot be kept', 'configMap', 'error'),
  ],
};

export const LOG_MESSAGES: readonly LogMessage[] = Object.values(LOG_SECTIONS).flat();
