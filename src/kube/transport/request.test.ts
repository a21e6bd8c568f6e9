import { describe, expect, it } from 'vitest';
import { noTracer, type Tracer } from '../../runtime/trace.ts';
import { kubeRoute, tracedWrites } from './request.ts';

const KIND = '/apis/azid.dev/v1alpha1';

it.each([
  [
    `${KIND}/namespaces/secret/rolegrants/secret/status`,
    `${KIND}/namespaces/{namespace}/rolegrants/{name}/status`,
  ],
  [`${KIND}/namespaces/secret/rolegrants`, `${KIND}/namespaces/{namespace}/rolegrants`],
  [`${KIND}/identitypolicies/secret`, `${KIND}/identitypolicies/{name}`],
  ['/api/v1/namespaces/secret/configmaps/secret', '/api/v1/namespaces/{namespace}/configmaps/{name}'],
  ['/api/v1/namespaces/secret', '/api/v1/namespaces/{name}'],
  ['/healthz/secret', '{}'],
])('%s is of a route', (path, route) => {
  expect(kubeRoute(path)).toBe(route);
});

describe('writes', () => {
  const names: string[] = [];
  const tracer: Tracer = {
    ...noTracer,
    run: (name, options, work) => {
      names.push(`${options.kind} ${name}`);
      return noTracer.run(name, options, work);
    },
  };

  it('are spans, reads are not, and both go on through what stands between', async () => {
    const seen: string[] = [];
    const intercept = tracedWrites(tracer, (request, next) => {
      seen.push(request.method);
      return next(request);
    });
    for (const method of ['GET', 'POST'] as const)
      await intercept(
        { method, path: `${KIND}/identitypolicies` },
        async () => ({ status: 200, body: {} }) as never,
      );
    expect(seen).toEqual(['GET', 'POST']);
    expect(names).toEqual([`client POST ${KIND}/identitypolicies`]);
  });
});
