import type { PipelinePolicy, PipelineResponse } from '@azure/core-rest-pipeline';
import type { Span, Tracer } from '../../runtime/trace.ts';
import { routeOf } from './route.ts';

/** A span for each request to Resource Manager, with the header that Azure's own clients send where somebody traces them. */
export function tracePolicy(tracer: Tracer): PipelinePolicy {
  return {
    name: 'azidTrace',
    sendRequest(request, next) {
      const { method, url } = request;
      const route = routeOf(url);
      const attributes = {
        'http.request.method': method,
        'url.template': route,
        'server.address': new URL(url).hostname,
      };
      return tracer.run(`${method} ${route}`, { kind: 'client', attributes }, async (span) => {
        if (span.traceparent !== undefined) request.headers.set('traceparent', span.traceparent);
        const response = await next(request);
        showAnswer(span, response);
        return response;
      });
    },
  };
}

/** A 404 is an answer that azid asked for; the span of a call is failed all the same, as OpenTelemetry has it for clients of HTTP. */
function showAnswer(span: Span, { status, headers }: PipelineResponse): void {
  span.set({
    'http.response.status_code': status,
    'azure.service.request.id': headers.get('x-ms-request-id'),
    'azid.azure.correlation_id': headers.get('x-ms-correlation-request-id'),
  });
  if (status >= 400) span.fail(String(status));
}
