import type { PipelineResponse } from '@azure/core-rest-pipeline';
import { describe, expect, test } from 'vitest';
import { ActivityLog, type ActivityQuery } from '../../src/azure/activity-log.ts';
import { classify } from '../../src/azure/arm/classify.ts';
import { systemClock } from '../../src/runtime/time/clock.ts';
import { type RigOptions, startRig } from './rig.ts';

const event = { priority: 'event' } as const;

/** @param body in place of the answer's own */
async function setup(body?: unknown, options: RigOptions = {}, maxPages?: number) {
  const intercept: RigOptions['intercept'] = async ({ url }, next) => {
    const answer = await next();
    if (body === undefined || !url.includes('/eventtypes/')) return answer;
    return { ...answer, bodyAsText: JSON.stringify(body) } as PipelineResponse;
  };
  const rig = await startRig({ role: 'Reader', intercept, ...options });
  const { access, scheduler, azure } = rig;
  const log = new ActivityLog({
    access,
    scheduler,
    clock: systemClock,
    tenantId: azure.tenantId,
    credential: 'azid',
    ...(maxPages !== undefined && { maxPages }),
  });
  const pages = async (more: Partial<ActivityQuery> = {}) => {
    const now = systemClock.now();
    const times = { from: now - 3_600_000, to: now + 3_600_000 };
    const query = {
      subscriptionId: azure.subscriptionId,
      provider: 'Microsoft.ManagedIdentity',
      ...times,
      ...more,
    };
    const all: (readonly unknown[])[] = [];
    for await (const page of log.pages(query, event)) all.push(page);
    return all;
  };
  const failure = (more?: Partial<ActivityQuery>) =>
    pages(more).then(
      () => expect.fail('expected a failure'),
      (error: unknown) => classify(error),
    );
  return { ...rig, pages, failure };
}

test('records come with what names the caller, and without bodies and addresses', async () => {
  await using rig = await setup();
  const path = `${rig.id('app')}?api-version=2024-11-30`;
  await rig.azure.control.arm({ method: 'PUT', path, body: { location: 'westeurope' } });
  const [page = []] = await rig.pages();
  expect(page).toHaveLength(2);
  expect(Object.keys(page[0] as object).toSorted()).toEqual([
    'claims',
    'correlationId',
    'eventDataId',
    'eventTimestamp',
    'operationId',
    'operationName',
    'resourceId',
    'status',
    'submissionTimestamp',
  ]);
});

test('pages follow each other, each a call that counts as a read of the subscription', async () => {
  await using rig = await setup();
  rig.azure.control.setKnobs({ paging: { pageSize: 1 } });
  const path = `${rig.id('app')}?api-version=2024-11-30`;
  await rig.azure.control.arm({ method: 'PUT', path, body: { location: 'westeurope' } });
  expect((await rig.pages()).map((page) => page.length)).toEqual([1, 1]);
  expect(rig.calls('GET')).toHaveLength(2);
});

describe('failures', () => {
  test('an error without an envelope says what Azure says', async () => {
    await using rig = await setup();
    const found = await rig.failure({ provider: "x' or '1" });
    expect(found).toMatchObject({ kind: 'stalled', error: { code: 'BadRequest', status: 400 } });
    expect(found.error.message).toContain('is not supported');
  });

  test('a missing right is named', async () => {
    await using rig = await setup(undefined, { role: undefined });
    expect(await rig.failure()).toMatchObject({ kind: 'stalled', reason: 'AuthorizationFailed' });
  });

  test('a link to another origin is not followed', async () => {
    await using rig = await setup({ value: [], nextLink: 'https://evil.example/page' });
    expect(await rig.failure()).toMatchObject({ kind: 'stalled', reason: 'ForeignOrigin' });
    expect(rig.calls('GET')).toHaveLength(1);
  });

  test('more pages than are read in one piece are one, by a code of their own', async () => {
    await using rig = await setup(undefined, {}, 1);
    const path = `${rig.id('app')}?api-version=2024-11-30`;
    await rig.azure.control.arm({ method: 'PUT', path, body: { location: 'westeurope' } });
    expect(await rig.pages()).toHaveLength(1);
    rig.azure.control.setKnobs({ paging: { pageSize: 1 } });
    expect(await rig.failure()).toMatchObject({ kind: 'transient', reason: 'TooManyRecords' });
    expect(rig.calls('GET')).toHaveLength(2);
  });

  test.each([[{ values: [] }], [{ value: 'records' }], [[]], [{ value: [], nextLink: 7 }]])(
    'an answer that is no page is one: %j',
    async (body) => {
      await using rig = await setup(body);
      expect(await rig.failure()).toMatchObject({ kind: 'transient', reason: 'UnexpectedAnswer' });
    },
  );
});
