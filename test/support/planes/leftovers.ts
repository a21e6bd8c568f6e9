import type { Revisions } from './etcd.ts';

/** What a test file left behind in an API server that others are to use after it. */
export interface Leftovers {
  /** Keys of what it made. */
  readonly made: readonly string[];
  /** Keys of what was installed before it and is changed or gone: not to be mended, the API server is done with. */
  readonly altered: readonly string[];
}

/** What the API server keeps for itself, and may write at any time. */
const ITS_OWN = [
  /^\/registry\/(?:apiregistration\.k8s\.io|flowschemas|prioritylevelconfigurations|priorityclasses|masterleases|ranges|servicecidrs|ipaddresses|services)\//,
  /^\/registry\/(?:leases|configmaps|roles|rolebindings|serviceaccounts)\/kube-/,
  /^\/registry\/(?:clusterroles|clusterrolebindings)\/system:/,
  /^\/registry\/(?:clusterroles|clusterrolebindings)\/(?:admin|edit|view|cluster-admin)$/,
  /^\/registry\/namespaces\/(?:default|kube-[a-z-]+)$/,
];

/** What azid's installation consists of: kinds, roles, what is in its namespace. */
const INSTALLED = [/^\/registry\/apiextensions\.k8s\.io\//, /\/azid[^/]*(?:\/[^/]+)?$/];

export function leftovers(before: Revisions, after: Revisions): Leftovers {
  const made = [...after.keys()].filter((key) => !before.has(key) && !ITS_OWN.some((each) => each.test(key)));
  const altered = [...before]
    .filter(([key, revision]) => INSTALLED.some((each) => each.test(key)) && after.get(key) !== revision)
    .map(([key]) => key);
  return { made, altered };
}
