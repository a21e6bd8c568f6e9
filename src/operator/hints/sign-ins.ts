import { AUDIT_LOGS } from '../../azure/graph/graph-access.ts';
import { SignInSummaries } from '../../azure/graph/sign-in-summaries.ts';
import type { Metrics } from '../../observability/metrics/metrics.ts';
import type { LastSignIns } from '../../reconcilers/sign-ins/last-sign-ins.ts';
import { SignInPoller } from '../../reconcilers/sign-ins/poller.ts';
import type { Stores } from '../../reconcilers/stores.ts';
import { graphOf } from '../azure/graph.ts';
import type { OperatorOptions } from '../options.ts';

/** Asks Microsoft Graph hourly, from now until it is disposed. */
export function readSignIns(
  options: OperatorOptions,
  metrics: Metrics,
  parts: { readonly signIns: LastSignIns; readonly stores: Stores },
): AsyncDisposable {
  const { clock, random, log } = options;
  const summaries = new SignInSummaries(graphOf(AUDIT_LOGS, options, metrics), clock);
  return new SignInPoller({ ...parts, summaries, clock, random, log, metrics: metrics.signIns });
}
