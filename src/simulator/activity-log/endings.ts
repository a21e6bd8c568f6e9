import type { Deployments } from '../deployments/deployments.ts';
import type { LongOperations } from '../hosts/writes/long-operations.ts';
import type { Change } from '../http/arm.ts';
import type { OperationResults } from '../resources/operation-results.ts';

/** What a change came to. */
export type Ending = 'Succeeded' | 'Failed' | 'Canceled';

/** Work that goes on after the answer: resolves when it has ended. */
interface Work {
  readonly ended: Promise<Ending>;
}

/** Finds the work that an answer began, by the URL it named. */
export class Endings {
  readonly #operations: Pick<LongOperations, 'get'>;
  readonly #results: Pick<OperationResults, 'done'>;
  readonly #deployments: Pick<Deployments, 'ended'>;

  constructor(
    operations: Pick<LongOperations, 'get'>,
    results: Pick<OperationResults, 'done'>,
    deployments: Pick<Deployments, 'ended'>,
  ) {
    this.#operations = operations;
    this.#results = results;
    this.#deployments = deployments;
  }

  /** Undefined where the answer was all. */
  workOf({ headers, request }: Change): Work | undefined {
    const url = headers['azure-asyncoperation'] ?? headers.location;
    const id = /\/operation(?:s|Results)\/([0-9a-f-]{36})\?/i.exec(url ?? '')?.[1];
    if (id === undefined) {
      const ended = url?.includes('/operationStatuses/') ? this.#deployments.ended(request.path) : undefined;
      return ended && { ended };
    }
    const operation = this.#operations.get(id);
    if (operation)
      return {
        ended: operation.done.then(() => (operation.status === 'InProgress' ? 'Failed' : operation.status)),
      };
    const done = this.#results.done(id);
    return done && { ended: done.then(() => 'Succeeded') };
  }
}
