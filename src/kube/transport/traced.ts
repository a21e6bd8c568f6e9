import type { Tracer } from '../../runtime/trace.ts';
import type { Interceptor } from './transport.ts';

/**
 * A span for each write. Reads are of stores, and watches last: they would hide what is done. No trace context is sent along: an API server does not take
 * it from outside (kubernetes.io/docs/concepts/cluster-administration/system-traces).
 */
export function tracedWrites(tracer: Tracer, inner?: Interceptor): Interceptor {
  return async (request, next) => {
    const send = () => (inner ? inner(request, next) : next(request));
    if (request.method === 'GET') return send();
    const route = kubeRoute(request.path);
    const attributes = { 'http.request.method': request.method, 'url.template': route };
    return tracer.run(`${request.method} ${route}`, { kind: 'client', attributes }, async (span) => {
      const response = await send();
      span.set({ 'http.response.status_code': response.status });
      if (response.status >= 400) span.fail(String(response.status));
      return response;
    });
  };
}

/** `/apis/azid.dev/v1alpha1/namespaces/{namespace}/rolegrants/{name}/status` */
export function kubeRoute(path: string): string {
  const [, head = '', namespaced, rest = ''] =
    /^(\/api\/[^/]+|\/apis\/[^/]+\/[^/]+)(?:\/namespaces\/[^/]+(\/))?\/?(.*)$/.exec(path) ?? [];
  if (head === '') return '{}';
  const [plural, name, ...more] = rest.split('/').filter((each) => each !== '');
  return [
    head,
    ...(namespaced ? ['namespaces', '{namespace}'] : []),
    plural,
    ...(name ? ['{name}'] : []),
    ...more,
  ].join('/');
}
