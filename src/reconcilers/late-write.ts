/**
 * A write that a dead process began may take effect as long as its call could last, and may show only after Azure's lag:
 * until then an absence proves nothing, and no other write is begun.
 *
 * @param begun of the write, as the status has it
 * @returns wall ms
 */
export function lateUntil(
  begun: string,
  { callLimitMs, azureLagMs }: { readonly callLimitMs: number; readonly azureLagMs: number },
): number {
  return Date.parse(begun) + callLimitMs + azureLagMs;
}
