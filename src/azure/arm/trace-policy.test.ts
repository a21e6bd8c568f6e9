import { createHttpHeaders, createPipelineRequest } from '@azure/core-rest-pipeline';
import { expect, it } from 'vitest';
import { type Attributes, noTracer, type Tracer } from '../../runtime/trace.ts';
import { tracePolicy } from './trace-policy.ts';

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

it.each([
  [200, []],
  [404, ['404']],
])(
  'an answer %d is shown without headers that say more, and Azure is given the trace',
  async (status, failed) => {
    const shown: Attributes[] = [];
    const failures: string[] = [];
    const tracer: Tracer = {
      ...noTracer,
      run: (_, { attributes = {} }, work) => {
        shown.push(attributes);
        return work({
          set: (more) => shown.push(more),
          fail: (type) => failures.push(type),
          traceparent: PARENT,
        });
      },
    };
    const request = createPipelineRequest({
      url: 'https://management.azure.com/subscriptions/secret?api-version=1',
    });
    request.headers.set('authorization', 'Bearer secret');
    const headers = createHttpHeaders({
      'x-ms-request-id': 'r',
      'x-ms-correlation-request-id': 'c',
      'set-cookie': 'secret',
    });
    await tracePolicy(tracer).sendRequest(request, async (sent) => ({ request: sent, status, headers }));
    expect(request.headers.get('traceparent')).toBe(PARENT);
    expect(Object.assign({}, ...shown)).toEqual({
      'http.request.method': 'GET',
      'url.template': '/subscriptions/{subscription}',
      'server.address': 'management.azure.com',
      'http.response.status_code': status,
      'azure.service.request.id': 'r',
      'azid.azure.correlation_id': 'c',
    });
    expect(failures).toEqual(failed);
  },
);
