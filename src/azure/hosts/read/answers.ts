/** What calls to hosts give. */
import type { Missing } from '../../arm/error-codes.ts';
import type { AzureError } from '../../arm/errors.ts';
import type { AzureHost, HostOperation } from '../host.ts';
import type { Model } from '../write/replace.ts';

/** `model`: the whole answer, for `replaceBody`. `requestedAt`: monotonic ms at which the request began. */
export type HostGet =
  | {
      readonly found: true;
      readonly host: AzureHost;
      readonly model: Model;
      readonly requestedAt: number;
    }
  | {
      readonly found: false;
      readonly missing: Missing;
      readonly error: AzureError;
      readonly requestedAt: number;
    };

export interface HostVersion {
  /** Of the type; needed for one that is not in the table of capabilities, and used for no other. */
  readonly apiVersion?: string | undefined;
}

export interface HostWriteOptions extends HostVersion {
  /** `etag` of the read that the write was decided from: Azure answers 412 if the host changed since. */
  readonly ifMatch?: string | undefined;
}

/**
 * What a write was answered. Attached means done and read back (docs/guarantees.md G13), whatever stands here.
 */
export interface HostWritten {
  /** Azure reports it as done. If not, `operation` shows when it is; without one only a read of the host can. */
  readonly done: boolean;
  /** As the answer shows it, which may be what it is to become. */
  readonly host?: AzureHost;
  readonly operation?: HostOperation;
  /** Azure asked not to be polled earlier. */
  readonly retryAfterMs?: number;
  readonly correlationId?: string;
}

export interface SystemIdentity {
  readonly principalId: string;
  readonly clientId: string;
  readonly tenantId: string;
}

export interface HostPage {
  readonly hosts: readonly AzureHost[];
  /** Monotonic ms at which this page's request began. */
  readonly requestedAt: number;
}
