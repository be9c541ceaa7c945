import { PatternCheck, noDamage, patternAt } from './pattern.js';
import { Gap, type PageReport, type Workload, type WorkloadOptions } from './protocol.js';

const PIECE = 4 * 1024 * 1024;
const SMALL_PAUSE_MS = 1_000;
const COUNTER_PAUSE_MS = 100;
const SOCKET_PAUSE_MS = 50;
const AFTER_FAILURE_MS = 500;

const options = JSON.parse(document.body.dataset['options'] ?? '{}') as WorkloadOptions;
const gap = new Gap();
const loads = Number(sessionStorage.getItem('loads') ?? 0) + 1;
sessionStorage.setItem('loads', String(loads));
/** Tells this document's counts from those of any other. */
const visit = Math.random().toString(36).slice(2);

const report: PageReport = {
  loads,
  download: { done: 0, bytes: 0, ...noDamage() },
  upload: { done: 0 },
  small: { done: 0, wrong: 0 },
  counter: { done: 0 },
  socket: { opened: 0, closed: 0, echoed: 0, lost: 0, repeated: 0 },
  events: { received: 0, cut: 0, lost: 0, repeated: 0 },
  version: 0,
  failures: [],
  gapMs: 0,
  oldest: { what: 'none', ageMs: 0 },
};

let isStopped = false;
/** Workloads that are paused together. */
class Gate {
  isPaused = false;
  /** Exchanges under way. */
  open = 0;
  /** Ends what streams at a pause. */
  streaming = new AbortController();

  async pause(): Promise<void> {
    this.isPaused = true;
    this.streaming.abort();
    while (this.open > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.streaming = new AbortController();
  }
}
/** Those that read answers as they come, and those whose answer comes at their end. */
const [readers, writers] = [new Gate(), new Gate()];
const timers = new Set<() => void>();

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(finish, milliseconds);
    function finish(): void {
      clearTimeout(timer);
      timers.delete(finish);
      resolve();
    }
    timers.add(finish);
  });
}

/** Runs one exchange after the other until the workload is stopped. */
async function forever(
  what: string,
  gate: Gate,
  once: (turn: number) => Promise<void>,
): Promise<void> {
  for (let turn = 0; !isStopped; turn += 1) {
    while (gate.isPaused && !isStopped) await sleep(20);
    if (isStopped) return;
    gate.open += 1;
    try {
      await once(turn);
    } catch (error) {
      if (gate.isPaused) continue;
      report.failures.push(`${what}: ${String(error)}`);
      await sleep(AFTER_FAILURE_MS);
    } finally {
      gate.open -= 1;
    }
  }
}

async function answer(url: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, { cache: 'no-store', ...init });
  if (response.ok) return response;
  const code = response.headers.get('wingman-error') ?? '';
  throw new Error(`${response.status} ${code} ${(await response.text()).slice(0, 300)}`);
}

/** Requests with a short answer that are under way: when each began. */
const asked = new Map<string, number>();

async function ask(what: string, init?: RequestInit): Promise<string> {
  const key = `${what} ${init?.method ?? 'GET'}`;
  asked.set(key, performance.now());
  try {
    return await (await answer(what, init)).text();
  } finally {
    asked.delete(key);
  }
}

function oldest(): PageReport['oldest'] {
  const [first] = [...asked].sort(([, a], [, b]) => a - b);
  return first === undefined
    ? { what: 'none', ageMs: 0 }
    : { what: first[0], ageMs: performance.now() - first[1] };
}

async function download(): Promise<void> {
  const check = new PatternCheck();
  const { signal } = readers.streaming;
  const url = `/w/bytes?n=${options.transferBytes}&rate=${options.rate}`;
  const response = await answer(url, { signal });
  if (response.body === null) throw new Error('no body');
  try {
    for await (const chunk of response.body) {
      gap.tick();
      check.take(chunk);
      report.download.bytes += chunk.byteLength;
    }
    const missing = options.transferBytes - check.offset;
    if (missing > 0) check.damage.lost += missing;
    else check.damage.repeated -= missing;
  } finally {
    for (const kind of ['lost', 'repeated', 'wrong'] as const) {
      report.download[kind] += check.damage[kind];
    }
  }
  report.download.done += 1;
}

function uploadBody(): Blob {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < options.transferBytes; at += PIECE) {
    pieces.push(patternAt(at, Math.min(PIECE, options.transferBytes - at)));
  }
  return new Blob(pieces);
}

async function upload(body: Blob): Promise<void> {
  const { signal } = writers.streaming;
  const url = `/w/upload?rate=${options.rate}`;
  const response = await answer(url, { method: 'POST', body, signal });
  const received = await response.text();
  if (received !== String(options.transferBytes)) throw new Error(`the app got ${received}`);
  report.upload.done += 1;
}

async function small(lane: number, turn: number): Promise<void> {
  const text = `${lane}.${turn}`;
  if ((await ask(`/w/small?text=${text}`)) !== text) report.small.wrong += 1;
  gap.tick();
  report.small.done += 1;
  if (!readers.isPaused) await sleep(SMALL_PAUSE_MS * (0.5 + Math.random()));
}

async function count(turn: number): Promise<void> {
  await ask('/w/count', { method: 'POST', body: `${visit}.${turn}` });
  report.counter.done += 1;
  await sleep(COUNTER_PAUSE_MS);
}

function echo(): void {
  const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/w/socket`);
  let [sent, expected] = [0, 0];
  socket.onopen = async () => {
    report.socket.opened += 1;
    for (; !isStopped && socket.readyState === WebSocket.OPEN; sent += 1) {
      socket.send(String(sent));
      await sleep(SOCKET_PAUSE_MS);
    }
    socket.close();
  };
  socket.onmessage = ({ data }) => {
    gap.tick();
    const number = Number(data);
    if (number > expected) report.socket.lost += number - expected;
    if (number < expected) report.socket.repeated += 1;
    expected = number + 1;
    report.socket.echoed += 1;
  };
  socket.onclose = () => {
    if (isStopped) return;
    report.socket.closed += 1;
    setTimeout(echo, AFTER_FAILURE_MS);
  };
}

function listen(): EventSource {
  const events = new EventSource('/w/events');
  let expected = 0;
  events.onopen = () => {
    expected = 0;
  };
  events.onmessage = ({ data }) => {
    gap.tick();
    const number = Number(data);
    if (number > expected) report.events.lost += number - expected;
    if (number < expected) report.events.repeated += 1;
    expected = number + 1;
    report.events.received += 1;
  };
  events.onerror = () => {
    report.events.cut += 1;
  };
  return events;
}

const body = uploadBody();
const running = [
  forever('download', readers, download),
  forever('upload', writers, () => upload(body)),
  forever('count', readers, count),
  ...Array.from({ length: options.concurrent }, (_, lane) =>
    forever('small', readers, (turn) => small(lane, turn)),
  ),
];
echo();
let events = listen();

const workload: Workload = {
  report: () => ({ ...report, version: hotVersion(), gapMs: gap.longestMs, oldest: oldest() }),
  mark: () => gap.mark(),
  stop: async () => {
    isStopped = true;
    const ends = [readers.pause(), writers.pause()];
    for (const finish of [...timers]) finish();
    events.close();
    await Promise.all([...ends, ...running]);
  },
  pause: async (what) => {
    events.close();
    await Promise.all([readers.pause(), what === 'all' && writers.pause()]);
  },
  resume: () => {
    readers.resume();
    writers.resume();
    events = listen();
  },
};
Object.assign(window, { workload });

function hotVersion(): number {
  return (window as { hotVersion?: number }).hotVersion ?? -1;
}
