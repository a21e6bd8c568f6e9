/**
 * Which identities an error of Azure speaks of: one dead identity fails the whole PATCH, and only the text says which
 * (docs/azure-facts.md section 7). Names and groups hold what Azure allows: a pattern that stopped at `.` or `(` left a batch blocked
 * (docs/guarantees.md mistake 13).
 */
import type { AzureError } from '../../arm/errors.ts';
import { armKey } from '../../names/resource-id.ts';

/** Without the flag `u`: with it, `i` takes U+017F for an s and U+212A for a k. A group may have letters of any script. */
const ARM_ID =
  /\/?subscriptions\/[0-9a-f-]{36}\/resourcegroups\/[-\w.()\u00aa-\u1fff\u2071-\uffdc]{1,90}\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/[a-z0-9][\w-]{0,127}/gi;

const OTHER_TENANT =
  /current tenant '[^']*' is not authorized to access linked subscription '([0-9a-f-]{36})'/i;

const LINKED_SCOPES = /linked scope\(s\) '([^']+)'/i;

/** Azure's whole message: `AzureError.message` is cut to the length of a status, in the middle of the last id. */
export function fullText(error: AzureError): string {
  const { cause } = error;
  if (typeof cause !== 'object' || cause === null) return error.message;
  const { response, message } = cause as { response?: { bodyAsText?: unknown }; message?: unknown };
  const body = response?.bodyAsText;
  if (typeof body === 'string' && body !== '') return unescaped(body);
  return typeof message === 'string' ? message : error.message;
}

/** The texts in a JSON body: as JSON an apostrophe may be `\\u0027`, and a slash `\\/`. */
function unescaped(body: string): string {
  const texts: string[] = [];
  try {
    JSON.parse(body, (_, value: unknown) => {
      if (typeof value === 'string') texts.push(value);
    });
  } catch {
    return body; // Cut off, or no JSON: what is there still names ids.
  }
  return texts.join('\n');
}

/** ARM ids of user-assigned identities that a text names, as spelt there, each once. */
export function namedIdentities(answer: AzureError | string): string[] {
  // JSON inside JSON may come with its slashes escaped.
  const text = (typeof answer === 'string' ? answer : fullText(answer)).replaceAll('\\/', '/');
  const found = new Map<string, string>();
  for (const [match] of text.matchAll(ARM_ID)) {
    const id = match.startsWith('/') ? match : `/${match}`;
    if (!found.has(armKey(id))) found.set(armKey(id), id);
  }
  return [...found.values()];
}

/** The subscription of another tenant that a refusal names: nothing of it can be linked. */
export function linkedSubscription(answer: AzureError | string): string | undefined {
  const text = typeof answer === 'string' ? answer : fullText(answer);
  return OTHER_TENANT.exec(text)?.[1]?.toLowerCase();
}

/** The scopes that `LinkedAuthorizationFailed` names: rights are missing there, or they do not exist. */
export function linkedScopes(answer: AzureError | string): string[] {
  const text = typeof answer === 'string' ? answer : fullText(answer);
  const scopes = LINKED_SCOPES.exec(text)?.[1] ?? '';
  return scopes
    .split(',')
    .map((scope) => scope.trim())
    .filter((scope) => scope !== '');
}
