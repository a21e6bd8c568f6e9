import { KubeError } from '../../kube/errors.ts';
import type { Interceptor } from '../../kube/transport/transport.ts';
import type { Leadership } from './leadership.ts';

/** What may leave the process, asked at the last moment before a request does. */

/** A leader that was stalled must not write after its successor has begun (docs/kubernetes.md section 5). */
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
export function unlessCut(cut: AbortSignal, intercept?: Interceptor): Interceptor {
  return (request, next) => {
    if (cut.aborted) throw new KubeError('this process is stopping', { reason: 'Aborted' });
    return intercept ? intercept(request, next) : next(request);
  };
}
