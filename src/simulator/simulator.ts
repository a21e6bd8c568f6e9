import type { JSONWebKeySet } from 'jose';
import { ActivityLog, Endings } from './activity-log/activity-log.ts';
import { activityLogOperations } from './activity-log/operations.ts';
import { createAuthorization } from './authorization/index.ts';
import { lockOperations } from './authorization/lock-operations.ts';
import { createPki } from './certificates.ts';
import type { Clock } from './clock.ts';
import { type ControlOf, controlOf, listenForControl } from './control/endpoint.ts';
import { eventVerbs } from './control/event-verbs.ts';
import { frameVerbs } from './control/frame-verbs.ts';
import { hostVerbs } from './control/host-verbs.ts';
import { serviceBusVerbs } from './control/service-bus-verbs.ts';
import { worldVerbs } from './control/world-verbs.ts';
import { Deployments } from './deployments/deployments.ts';
import { deploymentOperations } from './deployments/operations.ts';
import { EventGrid } from './events/event-grid.ts';
import { Faults } from './faults.ts';
import { Credentials } from './federation/credentials.ts';
import { credentialOperations } from './federation/operations.ts';
import type { Foundation, Frame } from './frame.ts';
import { createGraph } from './graph/graph.ts';
import { SignIns } from './graph/sign-ins.ts';
import { createHosts } from './hosts/index.ts';
import type { ArmParts, Change } from './http/arm.ts';
import { createEntrance } from './http/entrance.ts';
import type { Operation } from './http/operation.ts';
import { Callers, type LoggedRequest, RequestLog } from './http/request-log.ts';
import { Router } from './http/router.ts';
import { listen } from './http/server.ts';
import { Associations, associationOperations } from './identities/associations.ts';
import { Identities } from './identities/identities.ts';
import { identityOperations } from './identities/operations.ts';
import { identityProviderOperations } from './identities/provider-operations.ts';
import { SystemIdentities, systemIdentityOperations } from './identities/system-identity.ts';
import { callAs, createSomeoneElse, sendsOn } from './inner-calls.ts';
import { Knobs, type Preset } from './knobs/knobs.ts';
import { messagingOperations } from './messaging/index.ts';
import { PolicyAssignments } from './policies/assignments.ts';
import { PolicyDefinitions } from './policies/definitions.ts';
import { ExternalPolicies } from './policies/external.ts';
import { createRandom } from './random.ts';
import { ResourceGraphCopy } from './resource-graph/copy.ts';
import { resourceGraphOperations } from './resource-graph/operations.ts';
import { cloudMetadataOperations } from './resources/cloud-metadata.ts';
import { resourceGroupOperations } from './resources/groups.ts';
import { OperationResults } from './resources/operation-results.ts';
import { providerOperations } from './resources/providers.ts';
import { subscriptionOperations, tenantOperations } from './resources/subscriptions.ts';
import { tagOperations } from './resources/tags.ts';
import { createServiceBus } from './service-bus/broker.ts';
import { Namespaces } from './service-bus/queues/namespaces.ts';
import { Throttle } from './throttle/throttle.ts';
import { createAccessTokens } from './token/access-tokens.ts';
import { Issuers } from './token/issuers.ts';
import { Directory } from './world/directory.ts';
import { World } from './world/world.ts';

export interface SimulatorOptions {
  /** All delays, lags, buckets and token times run on it. */
  readonly clock: Clock;
  /** Default `honest`: Azure as it is. */
  readonly preset?: Preset;
  /** Default 1. Same seed and same order of requests: same ids, latencies, lags, faults. */
  readonly seed?: number;
  /** Of the HTTPS endpoint; default 0, any free one. */
  readonly port?: number;
  /** Of the control endpoint; default 0, any free one. */
  readonly controlPort?: number;
  /** Of the Service Bus broker over TLS; default 0, any free one. */
  readonly brokerPort?: number;
  readonly tenantId?: string;
  /** A subscription that exists from the start. */
  readonly subscriptionId?: string;
  /** Called with each request when it is answered. */
  readonly log?: (entry: LoggedRequest) => void;
  /** Called for each PUT, PATCH, POST and DELETE that reached an operation. */
  readonly onChange?: (change: Change) => void;
}

export type Control = ControlOf<
  ReturnType<typeof worldVerbs> &
    ReturnType<typeof hostVerbs> &
    ReturnType<typeof serviceBusVerbs> &
    ReturnType<typeof eventVerbs> &
    ReturnType<typeof frameVerbs>
>;

export interface Simulator extends AsyncDisposable {
  /** `https://127.0.0.1:<port>`: ARM endpoint and authority host alike. */
  readonly origin: string;
  readonly caPem: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  /** The control verbs, in-process: what others do in Azure. The same verbs are at `controlEndpoint`. */
  readonly control: Control;
  readonly controlEndpoint: string;
  /** Where the Service Bus broker listens: over TLS with the same CA, and over plain TCP as Microsoft's emulator. */
  readonly serviceBus: { readonly endpoint: string; readonly emulatorEndpoint: string };
  /** An issuer Entra can reach, by its keys or by a function that fetches them at each exchange. */
  declareIssuer(issuer: string, keys: JSONWebKeySet | (() => Promise<JSONWebKeySet>)): void;
  /** What it answers, of Resource Manager and of Graph. */
  operations(): readonly Operation[];
  /** Every request received with a number above `since`, oldest first. */
  requests(since?: number): LoggedRequest[];
  stop(): Promise<void>;
}

/** Starts the simulated Azure: ARM, token endpoint and control endpoint, on 127.0.0.1 only. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { clock, preset = 'honest', seed = 1 } = options;
  const random = createRandom(seed);
  const tenantId = options.tenantId ?? random.uuid();
  const subscriptionId = options.subscriptionId ?? random.uuid();
  const knobs = new Knobs(preset, random);
  const world = new World(tenantId);
  world.addSubscription({ id: subscriptionId, displayName: 'Simulated subscription' });
  const directory = new Directory(clock, knobs, random);
  const foundation: Foundation = { clock, random, knobs, world, directory };

  const identities = new Identities(foundation);
  const authorization = createAuthorization(foundation);
  const frame: Frame = { ...foundation, identities, authorizer: authorization.authorizer };
  const credentials = new Credentials(frame);
  const associations = new Associations(foundation);
  const systemIdentities = new SystemIdentities();
  const operationResults = new OperationResults(foundation);
  const policies = new ExternalPolicies(frame);
  const policyDefinitions = new PolicyDefinitions(frame);
  const policyAssignments = new PolicyAssignments(frame, policyDefinitions);

  const callers = new Callers(directory);
  const someoneElse = createSomeoneElse(directory, callers, tenantId, clock);
  authorization.grant({ principalId: someoneElse.objectId, role: 'Owner', scope: '/' });

  const [pki, tokens] = await Promise.all([createPki(), createAccessTokens(clock)]);
  const signIns = new SignIns(foundation);
  const hosts = createHosts(frame, { associations, systemIdentities, tokens, signIns });
  // Its own randomness: what it draws shall not change what others do.
  const ofResourceGraph: Frame = { ...frame, random: createRandom(seed + 1) };
  const resourceGraph = new ResourceGraphCopy(ofResourceGraph, { hosts, authorization, policyAssignments });
  const namespaces = new Namespaces(foundation);
  const endings = new Endings(hosts.frame.operations, operationResults, {
    ended: (id) => deployments.ended(id),
  });
  const activityLog = new ActivityLog(foundation, endings);
  const events = new EventGrid(frame, { authorization, endings, namespaces });
  const send = sendsOn(() => arm);
  const deployments = new Deployments({ ...frame, policyAssignments }, send);
  const arm: ArmParts = {
    ...frame,
    tokens,
    callers,
    router: new Router(
      [
        ...identityOperations(frame),
        ...associationOperations(frame, associations),
        ...systemIdentityOperations(systemIdentities),
        ...subscriptionOperations(frame),
        ...resourceGroupOperations(frame, operationResults, (request, children) =>
          events.groupGoes(request, children),
        ),
        ...providerOperations(frame, () => arm.router),
        ...cloudMetadataOperations(tenantId),
        ...tenantOperations(frame),
        ...deploymentOperations({ frame, deployments, results: operationResults, send }),
        ...messagingOperations(frame, { namespaces, topics: events.topics, systemIdentities }),
        ...activityLogOperations(frame, activityLog),
        ...tagOperations({ ...frame, hosts: hosts.frame.hosts }),
        ...lockOperations(frame),
        ...identityProviderOperations(frame),
        ...operationResults.operations,
        ...authorization.operations,
        ...policies.operations,
        ...policyDefinitions.operations,
        ...policyAssignments.operations,
        ...credentialOperations(frame, credentials),
        ...hosts.routes,
        ...resourceGraphOperations(ofResourceGraph, resourceGraph),
      ],
      () => new Date(clock.now()).toISOString().slice(0, 10),
    ),
    throttle: new Throttle(clock, knobs),
    faults: new Faults(random),
    policies,
    policyAssignments,
    log: new RequestLog(clock, options.log),
    onChange(change) {
      activityLog.note(change);
      events.note(change);
      options.onChange?.(change);
    },
  };
  const issuers = new Issuers();
  const graph = createGraph(arm, signIns);
  const answer = createEntrance(arm, { ...frame, tokens, issuers, credentials, signIns }, graph);
  const server = await listen({ port: options.port ?? 0, tls: pki, answer });
  const brokerOptions = { port: options.brokerPort ?? 0, plainPort: 0, tls: pki };
  const serviceBus = await createServiceBus(frame, { tokens, callers, namespaces }, brokerOptions);

  const control = controlOf({
    ...worldVerbs(frame, authorization, credentials, graph, subscriptionId),
    ...hostVerbs(hosts, arm.router, subscriptionId),
    ...serviceBusVerbs(serviceBus, world, subscriptionId),
    ...eventVerbs(events, foundation, subscriptionId),
    ...frameVerbs({
      ...arm,
      policies,
      identities,
      issuers,
      someoneElse,
      settle: () => {
        for (const part of [
          identities,
          directory,
          associations,
          authorization,
          credentials,
          hosts,
          activityLog,
          policyAssignments,
          resourceGraph,
          events.deliveries,
        ])
          part.settle();
      },
      asSomeoneElse: (method, target, body, headers) =>
        callAs(arm, someoneElse, { origin: server.origin, method, target, body, headers }),
    }),
  });
  const controlServer = await listenForControl(control, options.controlPort ?? 0);
  const stop = async () => {
    operationResults[Symbol.dispose]();
    events[Symbol.dispose]();
    await Promise.all([
      hosts[Symbol.asyncDispose](),
      server[Symbol.asyncDispose](),
      serviceBus[Symbol.asyncDispose](),
      controlServer[Symbol.asyncDispose](),
    ]);
  };
  return {
    origin: server.origin,
    caPem: pki.caPem,
    tenantId,
    subscriptionId,
    control,
    controlEndpoint: controlServer.origin,
    serviceBus: { endpoint: serviceBus.broker.endpoint, emulatorEndpoint: serviceBus.broker.plainEndpoint },
    declareIssuer: (issuer, keys) => issuers.declare(issuer, keys),
    operations: () => [...arm.router.operations(), ...graph.operations],
    requests: (since) => arm.log.since(since),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
