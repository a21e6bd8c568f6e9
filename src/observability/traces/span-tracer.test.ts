import { BatchSpanProcessor, InMemorySpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { SpanTracer } from './span-tracer.ts';

let clock: FakeClock;
let exporter: InMemorySpanExporter;
let provider: TracerProvider;
let tracer: SpanTracer;
beforeEach(() => {
  clock = new FakeClock();
  exporter = new InMemorySpanExporter();
  provider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] });
  tracer = new SpanTracer(provider.getTracer('test'), clock);
});

const ms = ([seconds, nanos]: readonly [number, number]) => seconds * 1_000 + nanos / 1e6;

/** By name: of which span it is a part, when it began and ended since the clock's start, and how. */
async function spans() {
  await provider.forceFlush();
  const all = exporter.getFinishedSpans();
  const nameOf = new Map(all.map((span) => [span.spanContext().spanId, span.name]));
  const start = clock.now() - clock.monotonic();
  return Object.fromEntries(
    all.map((span) => [
      span.name,
      {
        in: span.parentSpanContext && nameOf.get(span.parentSpanContext.spanId),
        from: ms(span.startTime) - start,
        to: ms(span.endTime) - start,
        failed: span.attributes['error.type'],
      },
    ]),
  );
}

const work = (name: string, then: () => unknown = () => {}) =>
  tracer.run(name, {}, async () => {
    clock.advance(10);
    await then();
  });

describe('a span', () => {
  it('is a part of what is under way where it begins, across awaits', async () => {
    await work('whole', async () => {
      await Promise.resolve();
      await Promise.all([work('one'), work('other', () => work('inner'))]);
    });
    await work('next');
    expect(await spans()).toMatchObject({
      whole: { in: undefined, from: 0, to: 40 },
      one: { in: 'whole' },
      other: { in: 'whole' },
      inner: { in: 'other' },
      next: { in: undefined },
    });
  });

  it('of its own has no parent, wherever it begins', async () => {
    await work('whole', () => tracer.run('root', { isRoot: true }, () => work('part')));
    expect(await spans()).toMatchObject({ root: { in: undefined }, part: { in: 'root' } });
  });

  it('is no part of what has ended, which a timer may have begun in', async () => {
    let later: () => Promise<void> = async () => {};
    await work('whole', () => {
      later = tracer.bind(() => work('later'));
    });
    await later();
    expect(await spans()).toMatchObject({ later: { in: undefined } });
  });

  it('that was bound belongs to where it was bound, from any caller', async () => {
    let start: () => Promise<void> = async () => {};
    let release = () => {};
    const waiting = work('waiting', () => {
      start = tracer.bind(() => work('call'));
      return new Promise<void>((resolve) => {
        release = resolve;
      });
    });
    await work('somebody else', () => start());
    release();
    await waiting;
    const unbound = tracer.bind(() => work('of nobody'));
    await work('another', () => unbound());
    expect(await spans()).toMatchObject({ call: { in: 'waiting' }, 'of nobody': { in: undefined } });
  });

  it('that has passed reaches back, and is nothing where nothing is under way', async () => {
    await work('whole', () => {
      const since = clock.monotonic();
      clock.advance(500);
      tracer.passed('wait', since, {});
    });
    tracer.passed('nowhere', 0, {});
    tracer.event('nowhere', {});
    expect(await spans()).toEqual({
      whole: { in: undefined, from: 0, to: 510, failed: undefined },
      wait: { in: 'whole', from: 10, to: 510, failed: undefined },
    });
  });
});

describe('a failure', () => {
  it.each<readonly [what: string, thrown: unknown, type: string]>([
    ['its code', Object.assign(new Error('a secret'), { code: 'TooManyRequests' }), 'TooManyRequests'],
    ['its reason', Object.assign(new Error('a secret'), { reason: 'Conflict' }), 'Conflict'],
    ['its name', new RangeError('a secret'), 'RangeError'],
    ['nothing that is no word', Object.assign(new Error('a secret'), { code: 'a secret text' }), 'Error'],
    ['nothing of what is no error', 'a secret', 'Error'],
  ])('is known by %s, and thrown on', async (_, thrown, type) => {
    await expect(
      work('failing', () => {
        throw thrown;
      }),
    ).rejects.toBe(thrown);
    expect(await spans()).toMatchObject({ failing: { failed: type } });
    expect(
      JSON.stringify(
        exporter.getFinishedSpans().map(({ attributes, status, events }) => [attributes, status, events]),
      ),
    ).not.toContain('secret');
  });

  it('is the first that was named', async () => {
    await tracer
      .run('failing', {}, async (span) => {
        span.fail('503');
        throw new Error('later');
      })
      .catch(() => {});
    expect(await spans()).toMatchObject({ failing: { failed: '503' } });
  });
});

it('says its trace in the form of W3C', async () => {
  await tracer.run('call', { kind: 'client' }, async ({ traceparent }) => {
    expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });
});
