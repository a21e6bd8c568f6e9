const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Cuts `text` to at most `maxBytes` of UTF-8, on a character boundary and with an ellipsis. Status messages and event
 * notes have limits in bytes (events.k8s.io/v1 refuses a note above 1024).
 */
export function cutText(text: string, maxBytes: number): string {
  // A UTF-16 unit is at most 3 bytes of UTF-8, so most texts need no encoding to know that they fit.
  if (text.length * 3 <= maxBytes) return text;
  const bytes = encoder.encode(text);
  if (bytes.length <= maxBytes) return text;
  const ellipsis = '…';
  let end = Math.max(0, maxBytes - encoder.encode(ellipsis).length);
  // 10xxxxxx is the middle of a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return decoder.decode(bytes.subarray(0, end)) + ellipsis;
}
