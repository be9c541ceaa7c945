// Loaded into node and hosts: on SIGUSR2 they write down what they hold. Timers are counted here, for Node tells only those that
// keep the process alive; the collector runs first, for otherwise memory says most about when it ran last.
import { writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { getHeapCodeStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const timers = new Set();

function counted(native, isOnce) {
  const set = (callback, delay, ...given) => {
    const timer = native(() => {
      if (isOnce) timers.delete(timer);
      callback(...given);
    }, delay);
    timers.add(timer);
    return timer;
  };
  return Object.assign(set, { [promisify.custom]: native[promisify.custom] });
}

function forgetting(native) {
  return (timer) => {
    timers.delete(timer);
    native(timer);
  };
}

globalThis.setTimeout = counted(globalThis.setTimeout, true);
globalThis.setInterval = counted(globalThis.setInterval, false);
globalThis.clearTimeout = forgetting(globalThis.clearTimeout);
globalThis.clearInterval = forgetting(globalThis.clearInterval);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

process.on('SIGUSR2', () => {
  const file = process.env.WINGMAN_PROBE_FILE;
  if (file === undefined) return;
  collect();
  const { heapUsed, external } = process.memoryUsage();
  const handles = process.getActiveResourcesInfo().filter((kind) => kind !== 'Timeout').length;
  const code = getHeapCodeStatistics();
  const codeBytes = code.code_and_metadata_size + code.bytecode_and_metadata_size;
  const heapBytes = heapUsed + external - codeBytes;
  const held = { timers: timers.size, handles, heapBytes, codeBytes };
  writeFileSync(file, JSON.stringify(held));
});
