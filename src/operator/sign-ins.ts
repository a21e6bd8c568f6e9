import { graphAccess } from '../azure/graph/graph-access.ts';
import { SignInSummaries } from '../azure/graph/sign-in-summaries.ts';
import type { Metrics } from '../observe/metrics/metrics.ts';
import type { LastSignIns } from '../reconcilers/sign-ins/last-sign-ins.ts';
import { SignInPoller } from '../reconcilers/sign-ins/poller.ts';
import type { Stores } from '../reconcilers/stores.ts';
import { AZURE_CALL_LIMIT_MS, type OperatorOptions } from './options.ts';

/** Asks Microsoft Graph hourly, from now until it is disposed. */
export function readSignIns(
  options: OperatorOptions,
  metrics: Metrics,
  parts: { readonly signIns: LastSignIns; readonly stores: Stores },
): AsyncDisposable {
  const { clock, random, log, cloud, credential, version, interceptArm } = options;
  const access = graphAccess({
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
  const summaries = new SignInSummaries(access, clock);
  return new SignInPoller({ ...parts, summaries, clock, random, log, metrics: metrics.signIns });
}
