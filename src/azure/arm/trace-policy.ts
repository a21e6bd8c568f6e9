/** Traces of requests to Resource Manager, by the route that each takes. */
import type { PipelinePolicy, PipelineResponse } from '@azure/core-rest-pipeline';
import type { Span, Tracer } from '../../runtime/trace.ts';

/** A span for each request to Resource Manager, with the header that Azure's own clients send where they are traced. */
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

/** The names that Azure gives types and actions: no dash, which an id has. What is none is left out. */
const WORD = /^[A-Za-z][A-Za-z0-9.]{0,79}$/;
/** What may stand before `providers` says the types, with what follows it. Nothing else is shown there: an id may begin with a letter, too. */
const NAMED: ReadonlyMap<string, string | undefined> = new Map([
  ['subscriptions', '{subscription}'],
  ['resourcegroups', '{resourceGroup}'],
  ['tagnames', '{name}'],
  ['operationresults', '{name}'],
  ['locations', undefined],
  ['resources', undefined],
]);

/**
 * The route of a call, ids and names left out: `/subscriptions/{subscription}/resourceGroups/{resourceGroup}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}`.
 * There are as many as there are operations, so traces can be found and counted by it.
 */
export function routeOf(url: string): string {
  const path = URL.canParse(url) ? new URL(url).pathname : '';
  const route: string[] = [];
  /** In the part behind `providers`: how many segments since. */
  let behind: number | undefined;
  let next: string | undefined;
  for (const segment of path.split('/').filter((each) => each !== '')) {
    if (next !== undefined) {
      route.push(next);
      next = undefined;
    } else if (segment.toLowerCase() === 'providers') {
      route.push('providers');
      behind = 0;
    } else if (behind !== undefined) {
      // The namespace, then types and names in turn.
      const isName = behind > 0 && behind % 2 === 0;
      route.push(isName ? '{name}' : wordOr(segment));
      behind++;
    } else {
      const known = segment.toLowerCase();
      route.push(NAMED.has(known) ? segment : '{}');
      next = NAMED.get(known);
    }
  }
  return `/${route.join('/')}`;
}

function wordOr(segment: string): string {
  return WORD.test(segment) ? segment : '{}';
}
