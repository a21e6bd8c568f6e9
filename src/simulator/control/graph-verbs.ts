import { z } from 'zod';
import { type Graph, PERMISSIONS } from '../graph/graph.ts';
import { verb } from './endpoint.ts';

/** What an administrator of the directory does. */
export function graphVerbs(graph: Pick<Graph, 'allow'>) {
  return {
    /** Gives a principal application permissions of Graph, by default both that are simulated; they replace what it had. */
    allowGraph: verb(
      z.strictObject({ principalId: z.string(), permissions: z.array(z.enum(PERMISSIONS)).optional() }),
      ({ principalId, permissions = PERMISSIONS }) => graph.allow(principalId, permissions),
    ),
  };
}
