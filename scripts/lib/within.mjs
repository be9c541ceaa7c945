const DEADLINE_MS = 60_000;
const EVERY_MS = 100;

/** Waits until something holds, a minute at most; resolves with what it was. A page that is just being left holds nothing. */
export async function within(what, holds) {
  const end = Date.now() + DEADLINE_MS;
  for (;;) {
    const held = await Promise.resolve(holds()).catch(() => false);
    if (held) return held;
    if (Date.now() > end) throw new Error(`not within a minute: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}
