/** ISO 8601 durations without years and months, as Service Bus takes them: `PT1H`, `P2D`, `PT20S`. */
const DURATION = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/** ms; undefined for what is none. */
export function durationMs(text: string): number | undefined {
  const [, days, hours, minutes, seconds] = DURATION.exec(text) ?? [];
  const parts = [days, hours, minutes, seconds];
  if (parts.every((part) => part === undefined)) return undefined;
  const [d = 0, h = 0, m = 0, s = 0] = parts.map((part) => Number(part ?? 0));
  return (((d * 24 + h) * 60 + m) * 60 + s) * 1000;
}
