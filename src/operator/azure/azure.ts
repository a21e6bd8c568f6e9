import { ActivityLog } from '../../azure/activity-log.ts';
import { ArmAccess, type ArmAccessOptions } from '../../azure/arm/arm-access.ts';
import { type AzureCaller, whoAmI } from '../../azure/arm/caller.ts';
import { toAzureError } from '../../azure/arm/errors.ts';
import { AssociatedResources } from '../../azure/associated-resources.ts';
import { FederatedCredentials } from '../../azure/federated-credentials.ts';
import { PrincipalStates } from '../../azure/graph/directory.ts';
import { DIRECTORY_OBJECTS, type GraphPart, graphAccess } from '../../azure/graph/graph.ts';
import { Hosts } from '../../azure/hosts/hosts.ts';
import { Identities } from '../../azure/identities.ts';
import { AZURE_LIMITS, type Limits } from '../../azure/limits.ts';
import { Permissions } from '../../azure/permissions.ts';
import { RequestScheduler } from '../../azure/requests/request-scheduler.ts';
import { ResourceGraph } from '../../azure/resource-graph.ts';
import { RoleAssignments } from '../../azure/role-assignments.ts';
import { RoleDefinitions } from '../../azure/role-definitions.ts';
import type { Metrics } from '../../observability/metrics/metrics.ts';
import type { AzureSide } from '../../reconcilers/services.ts';
import { AZURE_CALL_LIMIT_MS, type OperatorOptions } from '../options.ts';

interface WriteGuards {
  /** Asked right before each write leaves; throws if azid may not write any more. */
  readonly beforeWrite: () => void;
  /** See `ArmCallsOptions`. */
  readonly onWritten: (correlationId: string, id: string) => void;
}

/** Azure as the kinds use it, and what the operator reads besides. */
export interface ConnectedAzure extends AzureSide {
  readonly activityLog: ActivityLog;
}

export function connectAzure(
  options: OperatorOptions,
  metrics: Metrics,
  { beforeWrite, onWritten }: WriteGuards,
): ConnectedAzure {
  const { clock, cloud, credential, tenantId, tracer } = options;
  const limits = limitsOf(options);
  const scheduler = new RequestScheduler({ clock, metrics: metrics.azure, ...(limits && { limits }) });
  const access = new ArmAccess({ ...accessOptions(options, metrics), beforeWrite, tracer });
  // One credential until policies bring more; its rate-limit scopes are already its own.
  const calls = { access, scheduler, clock, tenantId, credential: 'azid', onWritten, tracer };
  let self: AzureCaller | undefined;
  return {
    identities: new Identities(calls),
    credentials: new FederatedCredentials(calls),
    hosts: new Hosts(calls),
    permissions: new Permissions(calls),
    assignments: new RoleAssignments(calls),
    definitions: new RoleDefinitions(calls),
    activityLog: new ActivityLog(calls),
    associated: new AssociatedResources(calls),
    resourceGraph: new ResourceGraph(calls),
    ...(options.directory && {
      directory: new PrincipalStates(graphOf(DIRECTORY_OBJECTS, options, metrics), clock),
    }),
    async whoAmI() {
      try {
        self ??= await whoAmI(credential, cloud.armScope);
        return self;
      } catch (error) {
        throw toAzureError(error);
      }
    },
  };
}

/** Access to a part of Microsoft Graph, by the operator's options. */
export function graphOf(part: GraphPart, options: OperatorOptions, metrics: Metrics): ArmAccess {
  return graphAccess(part, accessOptions(options, metrics));
}

function accessOptions(
  { cloud, credential, clock, version, interceptArm }: OperatorOptions,
  metrics: Metrics,
): ArmAccessOptions {
  return {
    cloud,
    credential,
    clock,
    version,
    timeLimitMs: AZURE_CALL_LIMIT_MS,
    metrics: {
      request: (seconds, { resource, method, status }) =>
        metrics.azure.request({ resource, requestType: method, responseCode: status || undefined, seconds }),
      remaining: (value, { bucket, subscriptionId }) =>
        metrics.azure.remaining(subscriptionId, [[`x-ms-ratelimit-remaining-${bucket}`, String(value)]]),
    },
    ...(interceptArm && { intercept: interceptArm }),
  };
}

/** Several shards are one caller to Azure: each takes an equal share of its limits. */
export function limitsOf({ limits, shard }: Pick<OperatorOptions, 'limits' | 'shard'>): Limits | undefined {
  if (!shard) return limits;
  const { share, ...rest } = limits ?? AZURE_LIMITS;
  return { ...rest, share: share / shard.count };
}
