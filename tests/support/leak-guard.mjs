import { TestEnvironment } from 'jest-environment-node';

/** What a test file may not leave running: what keeps an event loop alive, by the names Node gives. */
const HELD = [
  ...['Timeout', 'Immediate', 'TCPSocketWrap', 'TCPServerWrap', 'UDPWrap', 'ProcessWrap'],
  'MessagePort',
];
/** What is closing gets this long. */
const SETTLE_MS = 3_000;
const LOOK_MS = 20;

/** What tells of a failed test's surroundings gets this long. */
const ACCOUNT_MS = 8_000;

/** Fails a test file that leaves timers, sockets, servers or processes behind; adds to a failed test what was around it. */
export default class LeakGuard extends TestEnvironment {
  #before = {};
  #hasFailed = false;

  async handleTestEvent(event) {
    if (event.name === 'setup') this.#before = counts();
    if (event.name === 'test_fn_failure') await this.#addAccount(event.test.errors);
    if (event.name === 'hook_failure') await this.#addAccount(testOf(event)?.errors ?? []);
    if (event.name === 'test_done') this.#hasFailed ||= event.test.errors.length > 0;
    // A test that has failed may still run: its own message says why, and must be the one that is read.
    if (event.name === 'run_finish' && !this.#hasFailed) await this.#check();
  }

  /** A browser test that runs into its deadline would say nothing else of its tabs and programs. */
  async #addAccount(errors) {
    const tellers = this.global.wingmanTellers ?? [];
    const told = await Promise.all([...tellers].map((tell) => inTime(tell())));
    const account = told.filter((text) => text !== '').join('\n');
    if (account !== '') errors.push([Object.assign(new Error(account), { stack: account })]);
  }

  async #check() {
    const end = performance.now() + SETTLE_MS;
    let left = this.#left();
    while (left.length > 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      left = this.#left();
    }
    if (left.length > 0) throw new Error(`left behind by this file: ${left.join(', ')}`);
  }

  #left() {
    const now = counts();
    return HELD.filter((kind) => (now[kind] ?? 0) > (this.#before[kind] ?? 0)).map(
      (kind) => `${kind} ${now[kind]}, was ${this.#before[kind] ?? 0}`,
    );
  }
}

/** The test of a hook; the first one where a hook of many has failed. */
function testOf({ test, describeBlock }) {
  return test ?? firstTestOf(describeBlock);
}

function firstTestOf({ children }) {
  return children
    .map((child) => (child.type === 'test' ? child : firstTestOf(child)))
    .find((test) => test !== undefined);
}

async function inTime(telling) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve('what was around it did not answer'), ACCOUNT_MS);
  });
  const text = await Promise.race([telling.catch(String), late]);
  clearTimeout(timer);
  return text;
}

function counts() {
  const of = {};
  for (const kind of process.getActiveResourcesInfo()) of[kind] = (of[kind] ?? 0) + 1;
  return of;
}
