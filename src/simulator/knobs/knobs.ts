import { draw, type Random } from '../random.ts';
import { PRESETS, type Preset } from './presets.ts';
import { type KnobPatch, type KnobValues, knobPatchSchema, knobSchema } from './schema.ts';

/** The board the knobs sit on: read `values` at each use, they change while requests are under way. */
export class Knobs {
  #values: KnobValues;
  readonly #random: Random;

  constructor(preset: Preset, random: Random) {
    this.#values = structuredClone(PRESETS[preset]);
    this.#random = random;
  }

  get values(): KnobValues {
    return this.#values;
  }

  /** Sets the knobs named and leaves the others. Throws a `ZodError` that names what is unknown or wrong. */
  set(patch: KnobPatch): void {
    const given = knobPatchSchema.parse(patch);
    const merged = Object.fromEntries(
      Object.entries(this.#values).map(([group, values]) => [
        group,
        { ...values, ...given[group as keyof KnobPatch] },
      ]),
    );
    this.#values = knobSchema.parse(merged);
  }

  /** Back to a preset, whatever was set since. */
  usePreset(preset: Preset): void {
    this.#values = structuredClone(PRESETS[preset]);
  }

  /** Ms the next call of this operation takes. */
  latencyMs(operationId: string): number {
    const { latencyMs } = this.#values;
    return draw(latencyMs[operationId] ?? latencyMs.default ?? 0, this.#random);
  }
}
