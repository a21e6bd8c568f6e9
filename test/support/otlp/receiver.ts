import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type ReceivedSpan, spansIn } from './spans.ts';

/** What a collector does to a request: takes it, refuses it, or says nothing for ever. */
export type Manner = 'takes' | 'refuses' | 'hangs';

/** A collector of OTLP over HTTP on this machine. */
export class OtlpReceiver implements AsyncDisposable {
  readonly spans: ReceivedSpan[] = [];
  readonly headers: IncomingHttpHeaders[] = [];
  manner: Manner;
  readonly url: string;
  readonly #close: () => Promise<void>;

  private constructor(manner: Manner, url: string, close: () => Promise<void>) {
    this.manner = manner;
    this.url = url;
    this.#close = close;
  }

  static async start(manner: Manner = 'takes'): Promise<OtlpReceiver> {
    const server = createServer(async (request, response) => {
      const body = await buffer(request);
      receiver.headers.push(request.headers);
      if (receiver.manner === 'hangs') return;
      if (receiver.manner === 'takes' && request.url === '/v1/traces' && request.method === 'POST')
        receiver.spans.push(...spansIn(body));
      response.statusCode = receiver.manner === 'takes' ? 200 : 400;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const receiver: OtlpReceiver = new OtlpReceiver(
      manner,
      `http://127.0.0.1:${port}/v1/traces`,
      async () => {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        server.closeAllConnections();
        await closed;
      },
    );
    return receiver;
  }

  get requests(): number {
    return this.headers.length;
  }

  named(name: string | RegExp): ReceivedSpan[] {
    return this.spans.filter((span) =>
      typeof name === 'string' ? span.name === name : name.test(span.name),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}
