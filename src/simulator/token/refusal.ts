import { jsonReply, type Reply } from '../http/message.ts';
import type { Random } from '../random.ts';

/** A refusal of the token endpoint: HTTP 400 with the body of src/simulator/README.md. */
export class TokenRefusal extends Error {
  override readonly name = 'TokenRefusal';
  /** OAuth error, e.g. `invalid_request`. */
  readonly error: string;
  /** Number behind AADSTS. */
  readonly code: number;

  constructor(error: string, code: number, message: string) {
    super(message);
    this.error = error;
    this.code = code;
  }
}

/** `correlationId`: the client's `client-request-id`, echoed as Entra does. */
export function refusalReply(
  refusal: TokenRefusal,
  random: Random,
  now: number,
  correlationId?: string,
): Reply {
  const timestamp = `${new Date(now).toISOString().slice(0, 19).replace('T', ' ')}Z`;
  const trace = random.uuid();
  const correlation = correlationId ?? random.uuid();
  return jsonReply(400, {
    error: refusal.error,
    error_description: `AADSTS${refusal.code}: ${refusal.message} Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`,
    error_codes: [refusal.code],
    timestamp,
    trace_id: trace,
    correlation_id: correlation,
  });
}
