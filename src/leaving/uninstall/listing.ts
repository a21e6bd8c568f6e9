/** What there is of azid in a cluster, before any of it is taken away. */
import { hasFinalizer } from '../../api/schema/common.ts';
import type { KubeObject } from '../../kube/types.ts';
import { inAzure } from '../left-behind.ts';
import { type Found, type InstallationDeps, listKinds, nameOf, ownConfigMaps, wavesOf } from '../objects.ts';
import { endOf } from './plan.ts';

export interface Listing {
  readonly kinds: readonly ListedKind[];
  readonly configMaps: readonly string[];
  /** What applies objects again once they are deleted, with the number of objects of each. */
  readonly reappliedBy: readonly { readonly source: string; readonly objects: number }[];
  /** Role assignments that azid is to revoke at a time. */
  readonly ends: readonly {
    readonly object: string;
    readonly at: string;
    readonly assignments: readonly string[];
  }[];
}

interface ListedKind {
  readonly kind: string;
  readonly objects: number;
  readonly withFinalizer: number;
  /** That say `deletionPolicy: Retain`. */
  readonly retained: number;
  readonly deleting: number;
  /** As their statuses have it. */
  readonly inAzure: readonly string[];
}

export async function list(deps: InstallationDeps): Promise<Listing> {
  const found = await listKinds(
    wavesOf().flatMap(({ kinds }) => kinds),
    deps,
  );
  const maps = await ownConfigMaps(deps);
  return { ...listingOf(found), configMaps: maps.map(({ metadata }) => metadata.name) };
}

/** Pure. */
function listingOf(found: readonly Found[]): Omit<Listing, 'configMaps'> {
  const kinds = Map.groupBy(found, ({ kind }) => kind.resource.kind);
  const sources = Map.groupBy(found, ({ object }) => reappliedBy(object));
  return {
    kinds: [...kinds].map(([kind, all]) => ({
      kind,
      objects: all.length,
      withFinalizer: all.filter(({ object }) => hasFinalizer(object)).length,
      retained: all.filter(({ object }) => object.spec.deletionPolicy === 'Retain').length,
      deleting: all.filter(({ object }) => object.metadata.deletionTimestamp !== undefined).length,
      inAzure: [...new Set(all.flatMap(inAzure))],
    })),
    reappliedBy: [...sources].flatMap(([source, all]) =>
      source === undefined ? [] : [{ source, objects: all.length }],
    ),
    ends: found.flatMap((each) => {
      const at = endOf(each);
      return at === undefined ? [] : [{ object: nameOf(each), at, assignments: inAzure(each) }];
    }),
  };
}

/** Shown of each kind; `-o json` has all. */
const MAX_SHOWN = 10;

export function listingText({ kinds, configMaps: maps, reappliedBy: sources, ends }: Listing): string {
  if (kinds.length === 0 && maps.length === 0) return 'There is nothing of azid in this cluster.\n';
  const lines = kinds.flatMap(({ kind, objects, withFinalizer, retained, deleting, inAzure: ids }) => [
    [
      `${kind}: ${objects}`,
      `${withFinalizer} with azid's finalizer`,
      ...(retained > 0 ? [`${retained} with deletionPolicy Retain`] : []),
      ...(deleting > 0 ? [`${deleting} being deleted`] : []),
      `${ids.length} in Azure${ids.length > 0 ? ':' : ''}`,
    ].join(', '),
    ...ids.slice(0, MAX_SHOWN).map((id) => `  ${id}`),
    ...(ids.length > MAX_SHOWN ? [`  and ${ids.length - MAX_SHOWN} more`] : []),
  ]);
  return `${[
    ...lines,
    ...(maps.length > 0 ? [`ConfigMaps: ${maps.join(', ')}`] : []),
    ...sources.map(({ source, objects }) => `Applied again by ${source}: ${objects} objects`),
    ...ends.map(({ at, assignments }) => `Ends at ${at}: ${assignments.join(', ')}`),
  ].join('\n')}\n`;
}

/**
 * What applies an object again once it is deleted, by the labels and annotations that it sets: Flux (kustomize-controller, helm-controller), Argo CD (its tracking
 * id, or the label where it is set to its own name) and Config Sync. Helm and kubectl apply nothing by themselves.
 *
 * @returns as people know it: `Flux Kustomization flux-system/shop`; undefined: none that shows
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
