import { type Log, silentLog } from '../../src/runtime/log.ts';

/** A log that says which namespaces were begun with. */
export function takings(): { readonly taken: readonly string[]; readonly log: Log } {
  const taken: string[] = [];
  const log: Log = {
    ...silentLog,
    info: ({ namespaces: names }, message) => {
      if (message.startsWith('works on namespaces')) taken.push(...(names as readonly string[]));
    },
    child: () => log,
  };
  return { taken, log };
}

/** Holds the answers to the PUTs of identities of this group, once they were carried out, until it is released. */
export function heldPuts(group: string) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const held: string[] = [];
  return {
    held,
    release: resolve,
    interceptArm: async <T>(request: { method: string; url: string }, next: () => Promise<T>): Promise<T> => {
      const answer = await next();
      if (request.method === 'PUT' && request.url.includes(`/${group}/`) && /\/app\?/.test(request.url)) {
        held.push(request.url);
        await promise;
      }
      return answer;
    },
  };
}
