/** How an error of Azure is classified: the table of docs/architecture.md section 5 over the codes of `error-codes.ts`. */

import { fullText, linkedScopes, linkedSubscription } from '../hosts/read/named-identities.ts';
import { BY_TEXT, type Missing, NOT_FOUND, STALLED, THROTTLED_TEXT, TRANSIENT } from './error-codes.ts';
import { type AzureError, type CallFacts, LOCAL_CODES, toAzureError } from './errors.ts';

/** How long a rate-limit scope waits after a 429 that does not say (docs/architecture.md section 5). */
export const DEFAULT_THROTTLE_MS = 30_000;

export type Classified =
  /** Proven missing by the provider or by Resource Manager; a bare 404 proves nothing and is `transient`. */
  | { readonly kind: 'notFound'; readonly what: Missing; readonly error: AzureError }
  /** Back off and try again. `remedy` is set where a person may also help. */
  | {
      readonly kind: 'transient';
      readonly reason: string;
      readonly remedy?: string;
      readonly error: AzureError;
    }
  | { readonly kind: 'throttled'; readonly retryAfterMs: number; readonly error: AzureError }
  /** No retry helps until someone acts. */
  | { readonly kind: 'stalled'; readonly reason: string; readonly remedy: string; readonly error: AzureError }
  /** The caller gave up, or azid refused the call: nothing to report, nothing to count. */
  | { readonly kind: 'aborted'; readonly error: AzureError };

const AUTHENTICATION_REMEDY =
  'check the client id, the tenant id and the federated credential of azid’s identity; a new credential takes minutes to act';

/** Classifies anything thrown by a call to Azure. */
export function classify(thrown: unknown, facts?: CallFacts): Classified {
  const error = toAzureError(thrown, facts);
  const code = error.code.toLowerCase();
  const { status } = error;
  if ([LOCAL_CODES.aborted, LOCAL_CODES.refused, LOCAL_CODES.decideAgain].some((code) => code === error.code))
    return { kind: 'aborted', error };
  if (code === 'invalidauthenticationtokentenant')
    return {
      kind: 'stalled',
      reason: 'OtherTenant',
      remedy:
        'the subscription belongs to another tenant than the one azid signs in to; name a subscription of azid’s tenant',
      error,
    };
  if (error.code === LOCAL_CODES.authentication || status === 401)
    return { kind: 'transient', reason: LOCAL_CODES.authentication, remedy: AUTHENTICATION_REMEDY, error };
  if (error.code === LOCAL_CODES.foreignOrigin)
    return {
      kind: 'stalled',
      reason: 'ForeignOrigin',
      remedy: 'Azure answered with a link to another host, which azid does not follow',
      error,
    };
  if (error.code === LOCAL_CODES.policyTokenUnavailable)
    return { kind: 'transient', reason: LOCAL_CODES.policyTokenUnavailable, error };
  if (error.code === LOCAL_CODES.policyTokenRefused)
    return {
      kind: 'stalled',
      reason: LOCAL_CODES.policyTokenRefused,
      remedy:
        'give azid’s identity the role Reader on the subscription, satisfy what the policy’s service asks, or exempt azid’s writes from that Azure Policy',
      error,
    };
  // 429 by status, by code inside a long operation's result, or by text alone (docs/guarantees.md G12).
  if (
    status === 429 ||
    code === 'toomanyrequests' ||
    code.endsWith('requeststhrottled') ||
    THROTTLED_TEXT.test(error.message)
  )
    return { kind: 'throttled', retryAfterMs: error.retryAfterMs ?? DEFAULT_THROTTLE_MS, error };
  for (const [pattern, found] of BY_TEXT)
    if (pattern.test(error.message)) {
      if ('transient' in found) return { kind: 'transient', reason: found.transient, error };
      if ('missing' in found) return { kind: 'notFound', what: found.missing, error };
      return { kind: 'stalled', ...found, error };
    }
  const what = NOT_FOUND[code];
  if (what !== undefined && (status === 404 || status === undefined))
    return { kind: 'notFound', what, error };
  const passing = TRANSIENT[code];
  if (passing !== undefined) return { kind: 'transient', reason: passing, error };
  if (code === 'linkedauthorizationfailed' && linkedSubscription(error) !== undefined)
    return { kind: 'stalled', reason: 'OtherTenant', remedy: WITHIN_TENANT, error };
  const stall = STALLED[code];
  const remedy = remedyHere(code, error);
  if (stall) return { kind: 'stalled', ...stall, ...(remedy !== undefined && { remedy }), error };
  return byStatus(error);
}

/** What helps depends on what was tried, too: nothing that is declared makes a DELETE go through. */
function remedyHere(code: string, error: AzureError): string | undefined {
  if (code === 'linkedauthorizationfailed') return linkedRemedy(error);
  if (code === 'requestdisallowedbypolicy' && error.method === 'DELETE')
    return 'exempt azid’s deletions from the named Azure Policy, or delete it by hand';
  return undefined;
}

const WITHIN_TENANT =
  'the linked subscription belongs to another tenant, and no right helps: name an identity of a subscription of the resource’s own tenant, or make one there with a UserAssignedIdentity';

/** So many scopes fit in a message that people read. */
const NAMED_SCOPES = 3;

/** Azure names the linked scopes at the end of a text that a status cuts before it (docs/azure-facts.md sections 7 and 12). */
function linkedRemedy(error: AzureError): string | undefined {
  const scopes = linkedScopes(error);
  if (scopes.length === 0) return undefined;
  const rest = scopes.length > NAMED_SCOPES ? ` and ${scopes.length - NAMED_SCOPES} more` : '';
  const right = /userAssignedIdentities\/assign\/action/i.test(fullText(error))
    ? 'the role Managed Identity Operator (Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action)'
    : 'the named action';
  return `check that ${scopes.slice(0, NAMED_SCOPES).join(', ')}${rest} exist, and give azid’s identity ${right} there`;
}

function byStatus(error: AzureError): Classified {
  const { status } = error;
  // No answer, 5xx, 408, 409 of a kind not listed (a state that passes), 412, and a 404 without a known code.
  if (status === undefined)
    // What the network says has a code.
    return error.code === LOCAL_CODES.unknown
      ? { kind: 'transient', reason: 'UnexpectedAnswer', error }
      : { kind: 'transient', reason: 'AzureUnreachable', error };
  if (status === 404) return { kind: 'transient', reason: 'UnexplainedNotFound', error };
  if (status === 409) return { kind: 'transient', reason: 'OperationInProgress', error };
  if (status === 412) return { kind: 'transient', reason: 'ChangedMeanwhile', error };
  if (status === 408 || status >= 500) return { kind: 'transient', reason: 'AzureUnavailable', error };
  if (status === 403)
    return {
      kind: 'stalled',
      reason: 'Forbidden',
      remedy: 'Azure forbids this; its message says why',
      error,
    };
  if (status >= 400)
    return {
      kind: 'stalled',
      reason: 'RejectedByAzure',
      remedy:
        error.method === undefined || error.method === 'PUT' || error.method === 'PATCH'
          ? `correct what is declared; Azure refused it as ${error.code}`
          : `Azure refused this ${error.method} as ${error.code}; its message says why`,
      error,
    };
  return { kind: 'transient', reason: 'UnexpectedAnswer', error };
}
