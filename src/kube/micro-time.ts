/**
 * Formats wall time (ms since the epoch) as a Kubernetes MicroTime. The API server answers 400 to the three digits
 * that `Date.toISOString` gives; MicroTime wants six (docs/kubernetes.md section 7).
 */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
