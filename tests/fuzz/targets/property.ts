import { isDeepStrictEqual } from 'node:util';

/** Throws unless both are the same. */
export function same(what: string, left: unknown, right: unknown): void {
  if (!isDeepStrictEqual(left, right)) throw new Error(`${what}: ${show(left)} and ${show(right)}`);
}

/** The result, or undefined when the input was refused by an error that has one of these codes; any other error is a finding. */
export function accepted<T>(codes: readonly string[], run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof Error && 'code' in error && codes.includes(String(error.code))) {
      return undefined;
    }
    throw error;
  }
}

function show(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
