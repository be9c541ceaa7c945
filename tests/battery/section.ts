/**
 * The assertions about one section of a standard, by name: what one gives, as text, has to be the same on localhost and
 * in a session. The function runs in the page: it uses nothing from outside of
 * itself.
 */
export type Section = () => Record<string, () => unknown>;

/** What each assertion has given: its value, or the name of the error that it threw. */
export type Outcome = Record<string, string>;

/** Runs a section, one assertion after the other. Runs in the page. */
export async function runSection(source: string): Promise<Outcome> {
  const DEADLINE_MS = 10_000;
  const assertions = ((0, eval)(`(${source})`) as () => Record<string, () => unknown>)();
  const late = (): Promise<string> =>
    new Promise((resolve) => setTimeout(() => resolve('nothing came'), DEADLINE_MS));
  const outcome: Record<string, string> = {};
  for (const [name, run] of Object.entries(assertions)) {
    try {
      const value: unknown = await Promise.race([run(), late()]);
      outcome[name] = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
    } catch (error) {
      outcome[name] = `throws ${(error as Error).name}`;
    }
  }
  return outcome;
}
