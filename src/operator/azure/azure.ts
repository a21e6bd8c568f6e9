import { ActivityLog } from '../../azure/activity-log.ts';
import { ArmAccess } from '../../azure/arm/arm-access.ts';
import { type AzureCaller, whoAmI } from '../../azure/arm/caller.ts';
import { toAzureError } from '../../azure/arm/errors.ts';
import { AssociatedResources } from '../../azure/associated-resources.ts';
import { FederatedCredentials } from '../../azure/federated-credentials.ts';
import { PrincipalStates } from '../../azure/graph/directory.ts';
import { DIRECTORY_OBJECTS } from '../../azure/graph/graph-access.ts';
import { Hosts } from '../../azure/hosts/hosts.ts';
import { Identities } from '../../azure/identities.ts';
import { Permissions } from '../../azure/permissions.ts';
import { RequestScheduler } from '../../azure/requests/request-scheduler.ts';
import { ResourceGraph } from '../../azure/resource-graph.ts';
import { RoleAssignments } from '../../azure/role-assignments.ts';
import { RoleDefinitions } from '../../azure/role-definitions.ts';
import type { Metrics } from '../../observability/metrics/metrics.ts';
import type { AzureSide } from '../../reconcilers/services.ts';
import { AZURE_CALL_LIMIT_MS, type OperatorOptions } from '../options.ts';
import { graphOf } from './graph.ts';
import { limitsOf } from './limits-of.ts';

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
  const { clock, cloud, credential, tenantId, version, interceptArm, tracer } = options;
  const limits = limitsOf(options);
  const scheduler = new RequestScheduler({ clock, metrics: metrics.azure, ...(limits && { limits }) });
  const access = new ArmAccess({
    cloud,
    credential,
    clock,
    version,
    timeLimitMs: AZURE_CALL_LIMIT_MS,
    beforeWrite,
    metrics: {
      request: (seconds, { resource, method, status }) =>
        metrics.azure.request({ resource, requestType: method, responseCode: status || undefined, seconds }),
      remaining: (value, { bucket, subscriptionId }) =>
        metrics.azure.remaining(subscriptionId, [[`x-ms-ratelimit-remaining-${bucket}`, String(value)]]),
    },
    ...(interceptArm && { intercept: interceptArm }),
    tracer,
  });
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
