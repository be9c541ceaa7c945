import { afterAll, beforeAll } from '@jest/globals';
import { FakeClock, settle } from './fake-clock.js';

const { subtle } = crypto;
const METHODS = Object.getOwnPropertyNames(Object.getPrototypeOf(subtle)).filter(
  (name) => name !== 'constructor',
);

/** How many questions WebCrypto has not answered yet. */
let owed = 0;

function counted(name: string) {
  const own = Reflect.get(subtle, name) as (...args: unknown[]) => Promise<unknown>;
  return async (...args: unknown[]): Promise<unknown> => {
    owed += 1;
    return Promise.resolve(Reflect.apply(own, subtle, args)).finally(() => (owed -= 1));
  };
}

// `crypto` is one for all files that a worker runs, so what is laid over its methods is taken away again.
beforeAll(() => {
  for (const name of METHODS) {
    Object.defineProperty(subtle, name, { value: counted(name), configurable: true });
  }
});
afterAll(() => {
  for (const name of METHODS) Reflect.deleteProperty(subtle, name);
});

/**
 * A fake clock beside real cryptography. WebCrypto answers from other threads, when a busy machine lets it; this clock
 * moves on only when it owes no answer, so that no deadline passes meanwhile.
 */
export class PatientClock extends FakeClock {
  override async advance(milliseconds: number): Promise<void> {
    const end = this.now() + milliseconds;
    await answered();
    while (this.runNext(end)) await answered();
  }
}

async function answered(): Promise<void> {
  do await settle();
  while (owed > 0);
}
