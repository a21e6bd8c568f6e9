/** Who applies an object again once it is deleted. */
import type { KubeObject } from '../kube/types.ts';

/**
 * By the labels and annotations that they put on what they apply: Flux (kustomize-controller, helm-controller), Argo CD (its
 * tracking id, or the label where it is set to its own name) and Config Sync. Helm and kubectl apply nothing by themselves.
 *
 * @returns as people know it: `Flux Kustomization flux-system/shop`; undefined: nobody that shows
 */
export function reappliedBy({ metadata: { labels = {}, annotations = {} } }: KubeObject): string | undefined {
  for (const [group, kind] of [
    ['kustomize.toolkit.fluxcd.io', 'Kustomization'],
    ['helm.toolkit.fluxcd.io', 'HelmRelease'],
  ]) {
    const name = labels[`${group}/name`];
    if (name !== undefined) return `Flux ${kind} ${labels[`${group}/namespace`] ?? '(unknown)'}/${name}`;
  }
  const tracked =
    annotations['argocd.argoproj.io/tracking-id']?.split(':')[0] ?? labels['argocd.argoproj.io/instance'];
  if (tracked !== undefined) return `Argo CD application ${tracked}`;
  if (annotations['configmanagement.gke.io/managed'] === 'enabled')
    return `Config Sync ${annotations['configsync.gke.io/manager'] ?? ''}`.trim();
  return undefined;
}
