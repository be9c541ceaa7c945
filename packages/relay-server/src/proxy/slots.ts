import { WingmanError } from '@wingman/protocol';

/** A number of places; who finds none waits in line, and leaves the line when aborted. */
export class Slots {
  #free: number;
  readonly #line = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Waits for a place; to be given back by `release`. Fails with CANCELLED when aborted before. */
  async take(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw cancelled();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    await this.#wait(signal);
  }

  /** Gives a place back, to the first in line if there is one. */
  release(): void {
    const [first] = this.#line;
    if (first === undefined) this.#free++;
    else first();
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#line.delete(enter);
        signal.removeEventListener('abort', giveUp);
      };
      const enter = (): void => {
        leave();
        resolve();
      };
      const giveUp = (): void => {
        leave();
        reject(cancelled());
      };
      this.#line.add(enter);
      signal.addEventListener('abort', giveUp);
    });
  }
}

function cancelled(): WingmanError {
  return new WingmanError('CANCELLED', 'the request was cancelled');
}
