/**
 * The AMQP library, loaded when the first client connects: most simulators have no client of their broker, and reading it
 * takes longer than their whole start.
 */
export async function loadAmqp() {
  return (await import('rhea')).default;
}

export type Amqp = Awaited<ReturnType<typeof loadAmqp>>;
