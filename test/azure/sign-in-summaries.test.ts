import type { PipelineResponse } from '@azure/core-rest-pipeline';
import { describe, expect, test } from 'vitest';
import type { SeenRequest } from '../../src/azure/arm/arm-policies.ts';
import { classify } from '../../src/azure/arm/classify.ts';
import { AUDIT_LOGS, graphAccess, SignInSummaries } from '../../src/azure/graph/graph.ts';
import { FakeClock } from '../../src/runtime/time/fake-clock.fixture.ts';
import { tokenCredential } from '../../src/simulator/sdk.fixture.ts';
import { startRig } from './rig.ts';

interface Given {
  readonly allowed?: boolean;
  /** In place of the answer's own body, by the number of the request. */
  readonly bodies?: readonly unknown[];
}

async function setup({ allowed = true, bodies = [] }: Given = {}) {
  const rig = await startRig({ role: undefined });
  const { azure, cloud, objectId } = rig;
  if (allowed) await azure.control.allowGraph({ principalId: objectId });
  const clock = new FakeClock();
  const asked: SeenRequest[] = [];
  /** Requests that are not answered yet. */
  let open = 0;
  const metrics: string[] = [];
  const access = graphAccess(AUDIT_LOGS, {
    cloud: { ...cloud, graphEndpoint: azure.origin },
    credential: await tokenCredential(azure, 'controller'),
    clock,
    version: 'test',
    metrics: { request: (_, { resource }) => void metrics.push(resource), remaining: () => {} },
    async intercept(request, next) {
      const body = bodies[asked.push(request) - 1];
      open++;
      const answer = await next().finally(() => open--);
      return body === undefined
        ? answer
        : ({ ...answer, bodyAsText: JSON.stringify(body) } as PipelineResponse);
    },
  });
  const read = async () => {
    const all: unknown[] = [];
    let over = false;
    const reading = (async () => {
      const { signal } = new AbortController();
      for await (const page of new SignInSummaries(access, clock).pages(signal)) all.push(...page);
    })().finally(() => {
      over = true;
    });
    reading.catch(() => {});
    // Time passes only while nothing but time is waited for: beside a slow answer it would reach the time limit of the call.
    while (!over) {
      await new Promise((resolve) => setImmediate(resolve));
      if (clock.untilNext() !== undefined && asked.length > 0 && open === 0 && !over) clock.advance(100);
    }
    await reading;
    return all;
  };
  const failure = () =>
    read().then(
      () => expect.fail('expected a failure'),
      (error: unknown) => classify(error),
    );
  return { ...rig, clock, asked, metrics, read, failure };
}

test('one request covers the whole tenant, with a token for Graph', async () => {
  await using it = await setup();
  expect(await it.read()).toEqual([]);
  expect(it.asked.map(({ url }) => new URL(url).pathname)).toEqual([
    "/beta/auditLogs/getSummarizedMSISignIns(aggregationWindow='d1')",
  ]);
  expect(it.metrics).toEqual(['microsoft.graph/auditlogs']);
});

test('pages follow each other no faster than the tenant allows', async () => {
  const page = (n: number, origin = '') => ({
    value: [{ n }],
    ...(n < 3 && {
      '@odata.nextLink': `${origin}/beta/auditLogs/getSummarizedMSISignIns(aggregationWindow='d1')?$skiptoken=${n}`,
    }),
  });
  const bodies: unknown[] = [];
  await using it = await setup({ bodies });
  bodies.push(...[1, 2, 3].map((n) => page(n, it.azure.origin)));
  expect(await it.read()).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  expect(it.clock.monotonic()).toBeGreaterThanOrEqual(8_000);
});

describe('failures', () => {
  test('a missing permission is refused by name', async () => {
    await using it = await setup({ allowed: false });
    expect(await it.failure()).toMatchObject({
      kind: 'stalled',
      reason: 'Forbidden',
      error: { code: 'Authorization_RequestDenied', status: 403 },
    });
  });

  test('a link to another origin is not followed', async () => {
    await using it = await setup({ bodies: [{ value: [], '@odata.nextLink': 'https://evil.example/' }] });
    expect(await it.failure()).toMatchObject({ kind: 'stalled', reason: 'ForeignOrigin' });
  });

  test.each([[{}], [{ value: 7 }], [[]]])('%j is no page', async (body) => {
    await using it = await setup({ bodies: [body] });
    expect(await it.failure()).toMatchObject({ kind: 'transient', reason: 'UnexpectedAnswer' });
  });

  test('what is throttled waits as long as Graph asked, and is asked again', async () => {
    await using it = await setup();
    await it.azure.control.addFault({
      operation: 'graph.signIns.summarized',
      count: 2,
      effect: { kind: 'status', status: 429, retryAfterSeconds: 30 },
    });
    expect(await it.read()).toEqual([]);
    expect(it.asked).toHaveLength(3);
    expect(it.clock.monotonic()).toBeGreaterThanOrEqual(60_000);
  });
});
