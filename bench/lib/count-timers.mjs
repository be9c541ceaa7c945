// Preloaded into a process, counts the timers that fire in it, by what they do. On SIGUSR2 it writes the counts into the
// file that TIMERS_FILE and the process's number name, and begins anew.
import { writeFileSync } from 'node:fs';

/** The text of a callback tells enough; a stack for each timer would cost more than what is measured. */
const SHOWN_CHARS = 40;

const setNative = globalThis.setTimeout;
let fired = {};

globalThis.setTimeout = (callback, ...rest) => {
  const counted = (...given) => {
    const what = String(callback).slice(0, SHOWN_CHARS).replaceAll(/\s+/g, ' ');
    fired[what] = (fired[what] ?? 0) + 1;
    callback(...given);
  };
  return setNative(counted, ...rest);
};

process.on('SIGUSR2', () => {
  writeFileSync(`${process.env.TIMERS_FILE}.${process.pid}`, JSON.stringify(fired));
  fired = {};
});
