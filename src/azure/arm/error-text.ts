/**
 * Texts of Azure and Entra made fit for a status: nothing secret, nothing that differs from one attempt to the next (a
 * trace id or a timestamp would make every failure a new status, and so a write), not longer than a reader wants.
 */

export const MAX_MESSAGE_LENGTH = 600;

export function cleanMessage(text: string): string {
  const clean = text
    // Tokens and assertions: three base64url parts.
    .replace(/\beyJ[\w-]+\.[\w-]+(\.[\w-]*)?/g, '<token>')
    .replace(/\b(bearer)\s+[\w.~+/-]{16,}=*/gi, '$1 <token>')
    .replace(
      /\b(client_assertion|client_secret|access_token|assertion|password)(["']?\s*[=:]\s*["']?)[^\s"'&,}]+/gi,
      '$1$2<secret>',
    )
    // Signed operation URLs carry their right in the query (docs/azure-facts.md section 8).
    .replace(/(https?:\/\/[^\s'"?]+)\?[^\s'"]*/g, '$1')
    // Entra ends every text with these; they differ each time.
    .replace(
      /\s*(Trace ID|Correlation ID|Timestamp|Request ID|Activity ID):\s*(\d{4}-\d\d-\d\d[ T][\d:.]+Z?|[\w-]+)\.?/gi,
      '',
    )
    .replace(/\s+/g, ' ')
    .trim();
  return clean.length <= MAX_MESSAGE_LENGTH ? clean : `${clean.slice(0, MAX_MESSAGE_LENGTH - 1).trimEnd()}…`;
}

/**
 * How long a failure's text asks to wait, ms: `Please try again after '5' seconds.` (docs/azure-facts.md section 9), and the
 * `Retry after 20 seconds` that was missed before (Azure/aad-pod-identity#676).
 */
export function retryAfterFromText(text: string): number | undefined {
  const match =
    /\b(?:re)?try(?:ing)?(?: again)?(?: after| in)\s+'?(\d+(?:\.\d+)?)'?\s*(millisecond|ms\b|second|sec\b|s\b|minute|min\b)/i.exec(
      text,
    );
  if (!match?.[1] || !match[2]) return undefined;
  const unit = match[2].toLowerCase();
  const factor = unit === 'ms' || unit === 'millisecond' ? 1 : unit.startsWith('min') ? 60_000 : 1000;
  return Math.ceil(Number(match[1]) * factor);
}

/** What headers ask to wait, ms: `retry-after-ms`, `x-ms-retry-after-ms`, `Retry-After` as seconds or as a date. */
export function retryAfterFromHeaders(
  header: (name: string) => string | undefined,
  nowMs: number | undefined,
): number | undefined {
  for (const name of ['retry-after-ms', 'x-ms-retry-after-ms']) {
    const value = header(name)?.trim();
    if (value && /^\d+(\.\d+)?$/.test(value)) return Math.ceil(Number(value));
  }
  const value = header('retry-after')?.trim();
  if (!value) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Math.ceil(Number(value) * 1000);
  const date = Date.parse(value);
  return nowMs === undefined || Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
