import { vi } from 'vitest';

/** Waits until `condition` holds; fails after 5 s of real time. For what another task does in its own time. */
export async function until(condition: () => boolean): Promise<void> {
  await vi.waitFor(
    () => {
      if (!condition()) throw new Error(`Expected the condition to come true: ${condition}`);
    },
    { interval: 2, timeout: 5_000 },
  );
}
