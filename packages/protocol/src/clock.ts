/** A pending timeout. */
export interface Timer {
  cancel(): void;
}

/** Time as the protocol sees it, so that tests can own it. */
export interface Clock {
  /** Monotonic, in milliseconds. */
  now(): number;
  setTimeout(callback: () => void, milliseconds: number): Timer;
}

/** The platform's clock. Its timers don't keep a Node process alive, sockets do. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, milliseconds) => {
    const handle: unknown = setTimeout(callback, milliseconds);
    if (hasUnref(handle)) handle.unref();
    return { cancel: () => clearTimeout(handle as Parameters<typeof clearTimeout>[0]) };
  },
};

function hasUnref(handle: unknown): handle is { unref(): void } {
  return typeof handle === 'object' && handle !== null && 'unref' in handle;
}
