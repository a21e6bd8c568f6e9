import { versionsOf } from '../catalog/versions.ts';
import { sleep } from '../clock.ts';
import type { Frame } from '../frame.ts';
import { ArmError, type ArmRequest } from '../http/operation.ts';
import { scopeKey } from '../world/scope.ts';
import { Unread } from './expressions/scope.ts';
import type { Planned } from './plan.ts';

interface Came {
  readonly status: number;
  readonly body: unknown;
}

/** A call as the caller of the deployment, with all the rules; the parsed body of its answer. */
export type Send = (
  request: ArmRequest,
  method: 'GET' | 'PUT' | 'DELETE',
  target: string,
  body?: unknown,
) => Promise<Came>;

/** Between two reads of a resource whose work goes on after its answer. */
const POLL_MS = 1000;
const AT_WORK = new Set(['Accepted', 'Creating', 'Pending', 'Running', 'Updating']);

/** What one deployment asks of Resource Manager, as its caller: what it writes, and what its expressions refer to. */
export class Calls {
  readonly #frame: Frame;
  readonly #send: Send;
  readonly #request: ArmRequest;
  /** What references find: by id, as `scopeKey` has it. */
  readonly #made: Map<string, unknown>;

  constructor(frame: Frame, send: Send, request: ArmRequest, made: Map<string, unknown>) {
    this.#frame = frame;
    this.#send = send;
    this.#request = request;
    this.#made = made;
  }

  /** Worked out with what is there already read as the caller, each when it is first asked for. */
  async worked<T>(work: () => T): Promise<T> {
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (!(error instanceof Unread)) throw error;
        const version = error.apiVersion ?? this.#versionOf(error);
        const came = await this.#call('GET', `${error.id}?api-version=${version}`);
        if (came.status !== 200) throw refusalOf(came);
        this.#made.set(scopeKey(error.id), came.body);
      }
    }
  }

  /** Until the work is done that a write began: what depends on it needs it whole. */
  async write({ id, apiVersion }: Planned, body: unknown): Promise<Came> {
    const target = `${id}?api-version=${apiVersion}`;
    const came = await this.#call('PUT', target, body);
    let last = came;
    // A new storage account answers without a body, and is not there until it is made.
    const isAtWork = () =>
      AT_WORK.has(stateOf(last.body)) || (came.status === 202 && (last === came || last.status === 404));
    while (isAtWork() && (last.status < 400 || last.status === 404)) {
      await sleep(this.#frame.clock, POLL_MS);
      last = await this.#call('GET', target);
    }
    if (last.status >= 400) return last;
    if (stateOf(last.body) === 'Failed') return { status: 409, body: { error: failureOf(last.body) } };
    return { status: came.status, body: last.body };
  }

  delete(id: string): Promise<Came> {
    return this.#call('DELETE', `${id}?api-version=${this.#newest(id)}`);
  }

  #call(method: 'GET' | 'PUT' | 'DELETE', target: string, body?: unknown): Promise<Came> {
    return this.#send(this.#request, method, target, body);
  }

  /** Of a reference that names none; the text of one to nothing in the template is known from public reports. */
  #versionOf(unread: Unread): string {
    if (!unread.id.startsWith('/'))
      throw new ArmError(
        400,
        'InvalidTemplate',
        `Deployment template validation failed: 'The template reference '${unread.id}' is not valid: could not find template resource or resource copy with this name. Please see https://aka.ms/arm-function-reference for usage details.'.`,
      );
    if (!this.#frame.world.resource(unread.id)) throw unread;
    return this.#newest(unread.id);
  }

  /** What is deleted, or referred to without a version, is named at none by the template. */
  #newest(id: string): string {
    return versionsOf(this.#frame.world.resource(id)?.type ?? '').at(-1) ?? '';
  }
}

const stateOf = (body: unknown) =>
  String(
    (body as { properties?: { provisioningState?: unknown } } | undefined)?.properties?.provisioningState ??
      '',
  );
export const errorOf = (body: unknown) => (body as { error?: unknown } | undefined)?.error ?? body;

/** Of a nested deployment its own error; of a resource that its work failed. */
const failureOf = (body: unknown) =>
  (body as { properties?: { error?: unknown } }).properties?.error ?? {
    code: 'ResourceDeploymentFailure',
    message:
      "The resource write operation failed to complete successfully, because it reached terminal provisioning state 'Failed'.",
  };

function refusalOf({ status, body }: { readonly status: number; readonly body: unknown }): ArmError {
  const { code = 'NotFound', message = '' } = (errorOf(body) ?? {}) as { code?: string; message?: string };
  return new ArmError(status, code, message);
}
