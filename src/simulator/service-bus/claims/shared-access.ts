import { createHmac, timingSafeEqual } from 'node:crypto';

/** A shared access signature: whom it speaks for, where, and until when. */
interface SharedAccess {
  readonly keyName: string;
  /** The address it is for, as its maker encoded it: what was signed. */
  readonly signedResource: string;
  readonly signature: string;
  /** Seconds since the epoch, as text: what was signed. */
  readonly expiry: string;
}

/** Reads `SharedAccessSignature sr=…&sig=…&se=…&skn=…`; undefined for what is none. */
export function readSharedAccess(token: string): SharedAccess | undefined {
  const [, fields] = /^SharedAccessSignature\s+(.*)$/i.exec(token.trim()) ?? [];
  if (fields === undefined) return undefined;
  const values = new Map(
    fields.split('&').map((field) => {
      const at = field.indexOf('=');
      return [field.slice(0, at).toLowerCase(), field.slice(at + 1)] as const;
    }),
  );
  const [sr, sig, se, skn] = ['sr', 'sig', 'se', 'skn'].map((name) => values.get(name));
  if (sr === undefined || sig === undefined || se === undefined || skn === undefined) return undefined;
  return { keyName: decoded(skn), signedResource: sr, signature: decoded(sig), expiry: se };
}

/** As it is, where it is no valid encoding: it will match nothing. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whether the key made it: HMAC-SHA256 over address and expiry, one line each. */
export function isSignedBy({ signedResource, expiry, signature }: SharedAccess, key: string): boolean {
  const expected = createHmac('sha256', key).update(`${signedResource}\n${expiry}`).digest();
  const given = Buffer.from(signature, 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
