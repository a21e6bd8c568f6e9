/**
 * The AMQP library, loaded when the first client connects: most simulators have no client of their broker, and reading it
 * takes longer than their whole start.
 */
export async function loadAmqp() {
  return (await import('rhea')).default;
}

export type Amqp = Awaited<ReturnType<typeof loadAmqp>>;

/** MSSBCBS is the service's own word for "a token comes by `$cbs`"; both admit every client, without any claim. */
export function mechanisms(given: { enable_anonymous(): void } & Record<string, unknown>) {
  given.enable_anonymous();
  const { ANONYMOUS } = given;
  return Object.assign(Object.create(Object.getPrototypeOf(given)), { MSSBCBS: ANONYMOUS, ANONYMOUS });
}
