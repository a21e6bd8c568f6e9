import { describe, expect, it } from 'vitest';
import { contradiction, type SandboxFlags } from './options.ts';

const once: SandboxFlags = { once: true, timeLimit: 1, controller: true, examples: true, fast: false };

describe('flags of the sandbox', () => {
  it('with --once need a controller and examples', () => {
    expect(contradiction(once)).toBeUndefined();
    expect(contradiction({ ...once, controller: false })).toContain('without --no-controller, got both');
    expect(contradiction({ ...once, examples: false })).toContain('without --no-examples, got both');
  });

  it('without --once may leave out either', () => {
    expect(contradiction({ ...once, once: false, controller: false, examples: false })).toBeUndefined();
  });
});
