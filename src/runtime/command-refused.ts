/** A command cannot go on: the message says what was expected, what was found, and what to do. */
export class CommandRefused extends Error {
  override readonly name = 'CommandRefused';
}
