/** What to try by hand, printed once everything is up. */
import { dirname } from 'node:path';
import { QUICKSTART } from '../project.ts';
import type { ReadyFacts } from '../ready-file.ts';

interface UsageFacts extends ReadyFacts {
  readonly kubectl: string;
  /** Path; absent with `--no-controller`. */
  readonly controllerLog?: string;
}

export function usageText({ kubeconfig, kubectl, arm, control, metrics, controllerLog }: UsageFacts): string {
  const identities = `/subscriptions/${arm.subscriptionId}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
  return `
The sandbox is up.
  Azure        ${arm.endpoint} (its CA: ${arm.caFile})
  control      ${control.endpoint} (a GET lists what it can do)
  controller   ${controllerLog === undefined ? 'none: run your own' : `log ${controllerLog}`}
  metrics      ${metrics?.endpoint ?? 'none'}

Paste these three lines into another terminal:

export KUBECONFIG=${kubeconfig}
export PATH=${dirname(kubectl)}:$PATH
export CONTROL=${control.endpoint}

Then try:
  kubectl get azid -A
  kubectl edit -n quickstart uai/shop-frontend
  kubectl apply -f ${QUICKSTART}

What Azure holds, and a list of all calls it got:
  curl -s -X POST ${control.endpoint}/identities
  curl -s '${control.endpoint}/requests?since=0'

As someone else in Azure:
  TOKEN=$(curl -s -X POST ${control.endpoint}/token | sed 's/.*:"\\(.*\\)".*/\\1/')
  curl -s --cacert ${arm.caFile} -H "authorization: Bearer $TOKEN" '${arm.endpoint}${identities}?api-version=2024-11-30'

What it does azid hears of within seconds, by a queue of events: kubectl get eventsources

Ctrl-C stops everything.
`;
}
