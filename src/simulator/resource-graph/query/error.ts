/** A query that is refused. The text names what was not understood. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
}
