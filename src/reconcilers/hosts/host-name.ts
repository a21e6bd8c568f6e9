import { createHash } from 'node:crypto';
import { armKey } from '../../azure/names/resource-id.ts';

/** The name of a host's HostIdentity: the same whoever asks first, and within Kubernetes' rules for any ARM id. */
export function hostIdentityName(hostId: string): string {
  return `host-${createHash('sha256').update(armKey(hostId)).digest('hex').slice(0, 40)}`;
}
