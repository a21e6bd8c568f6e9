/** By which clients a process reaches the API server, and what may leave by each. */
import { KubeClient } from '../../kube/client.ts';
import { KubeError } from '../../kube/errors.ts';
import type { Interceptor } from '../../kube/transport/request.ts';
import { KubeTransport } from '../../kube/transport/transport.ts';
import type { Metrics } from '../../observability/metrics/metrics.ts';
import type { OperatorOptions } from '../options.ts';
import type { Leadership } from './leadership.ts';

/** Makes a client with a connection of its own, by which nothing leaves after `cut`. */
type ConnectKube = (cut: AbortSignal, intercept?: Interceptor) => KubeClient;

/** Their connections are closed with `cleanup`. */
export function kubeConnections(
  { endpoint, clock, version, watchIdleMs, agent }: OperatorOptions,
  metrics: Metrics,
  cleanup: AsyncDisposableStack,
): ConnectKube {
  const onRequest = metrics.restClient(new URL(endpoint.server).host);
  return (cut, intercept) => {
    const transport = new KubeTransport({
      endpoint,
      clock,
      userAgent: `azid/${version}`,
      onRequest,
      intercept: unlessCut(cut, intercept),
      ...(watchIdleMs !== undefined && { pingMs: watchIdleMs }),
      ...(agent && { agent }),
    });
    cleanup.defer(() => transport.close());
    return new KubeClient(transport);
  };
}

/**
 * Asked at the last moment before a request leaves: a leader that was stalled must not write after its successor has begun
 * (docs/kubernetes.md section 5).
 */
export function onlyLeaderWrites(leadership: Leadership, intercept?: Interceptor): Interceptor {
  return async (request, next) => {
    if (request.method !== 'GET' && !leadership.isLeaderNow()) throw notLeading();
    return intercept ? intercept(request, next) : next(request);
  };
}

export function notLeading(): KubeError {
  return new KubeError('this process no longer leads; nothing was written', { reason: 'Aborted' });
}

/** A killed process sends nothing at all. */
function unlessCut(cut: AbortSignal, intercept?: Interceptor): Interceptor {
  return (request, next) => {
    if (cut.aborted) throw new KubeError('this process is stopping', { reason: 'Aborted' });
    return intercept ? intercept(request, next) : next(request);
  };
}
