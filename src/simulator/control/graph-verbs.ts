import { z } from 'zod';
import type { Graph } from '../graph/graph.ts';
import { verb } from './verb.ts';

/** What an administrator of the directory does. */
export function graphVerbs(graph: Pick<Graph, 'allow'>) {
  return {
    /** Gives a principal Graph's `Directory.Read.All` and `AuditLog.Read.All`. */
    allowGraph: verb(z.strictObject({ principalId: z.string() }), ({ principalId }) =>
      graph.allow(principalId),
    ),
  };
}
