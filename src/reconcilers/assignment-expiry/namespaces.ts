import type { Store } from '../../kube/informer/store.ts';
import type { ObjectKey } from '../../kube/types.ts';
import type { AssignmentExpiry } from './facts.ts';

/** In whose turns it is reconciled: it lives in azid's own namespace, but ends what its owners have. */
export function expiryNamespaces(
  key: ObjectKey,
  { expiries }: { readonly expiries: Pick<Store<AssignmentExpiry>, 'get'> },
): readonly string[] {
  const namespaces = new Set(expiries.get(key)?.spec.owners.map(({ namespace }) => namespace));
  return namespaces.size > 0 ? [...namespaces] : [''];
}
