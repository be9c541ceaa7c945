/** How often a property is tried: fewer times for each of the hundreds of mutants of a mutation test. */
export function propertyRuns(runs: number): number {
  const most = Number(process.env['WINGMAN_PROPERTY_RUNS'] ?? runs);
  return Math.min(runs, most);
}
