import type { ArmAccess } from '../../azure/arm/arm-access.ts';
import { type GraphPart, graphAccess } from '../../azure/graph/graph-access.ts';
import type { Metrics } from '../../observability/metrics/metrics.ts';
import { AZURE_CALL_LIMIT_MS, type OperatorOptions } from '../options.ts';

/** The way to a part of Microsoft Graph, with what the operator was started with. */
export function graphOf(
  part: GraphPart,
  { cloud, credential, clock, version, interceptArm }: OperatorOptions,
  metrics: Metrics,
): ArmAccess {
  return graphAccess(part, {
    cloud,
    credential,
    clock,
    version,
    timeLimitMs: AZURE_CALL_LIMIT_MS,
    metrics: {
      request: (seconds, { resource, method, status }) =>
        metrics.azure.request({ resource, requestType: method, responseCode: status || undefined, seconds }),
      remaining: () => {},
    },
    ...(interceptArm && { intercept: interceptArm }),
  });
}
