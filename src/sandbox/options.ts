/** The flags of `azid sandbox`; src/cli/sandbox/sandbox.ts says what each does. */
export interface SandboxFlags {
  readonly once: boolean;
  /** ms, from when the cluster is there. */
  readonly timeLimit: number;
  readonly readyFile?: string;
  readonly controller: boolean;
  readonly examples: boolean;
  readonly fast: boolean;
  readonly kubeconfig?: string;
}

/** Says what is wrong with flags that are fine one by one; undefined: nothing. */
export function contradiction({ once, controller, examples }: SandboxFlags): string | undefined {
  if (!once || (controller && examples)) return undefined;
  const given = controller ? '--no-examples' : '--no-controller';
  return `expected --once to come without ${given}, got both: it waits until the controller has made the examples Ready`;
}
