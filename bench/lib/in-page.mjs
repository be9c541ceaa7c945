// Functions that run in Chromium; each stands alone, because its text is what crosses.

/** Connects one of the bare channels and leaves it in `window.raws`. */
export async function connectRaw(index) {
  const pc = new RTCPeerConnection();
  const channel = pc.createDataChannel('raw');
  channel.binaryType = 'arraybuffer';
  (window.rawSignals ??= [])[index] = async (line) => {
    const message = JSON.parse(line);
    if (message.type === 'answer') await pc.setRemoteDescription(message);
    else if (message.candidate) {
      await pc.addIceCandidate({ candidate: message.candidate, sdpMid: message.mid });
    }
  };
  pc.onicecandidate = ({ candidate }) => {
    if (candidate?.candidate) {
      const found = { candidate: candidate.candidate, mid: candidate.sdpMid };
      window.toRawPeer(index, JSON.stringify(found));
    }
  };
  await pc.setLocalDescription(await pc.createOffer());
  window.toRawPeer(index, JSON.stringify({ type: 'offer', sdp: pc.localDescription.sdp }));
  await new Promise((resolve) => (channel.onopen = resolve));
  (window.raws ??= [])[index] = channel;
}

/** Milliseconds to receive `size` bytes, an equal part on each bare channel. */
export function rawDownload(size) {
  const { raws } = window;
  return new Promise((resolve) => {
    const start = performance.now();
    let received = 0;
    for (const raw of raws) {
      raw.onmessage = ({ data }) => {
        received += data.byteLength;
        if (received >= size) resolve(performance.now() - start);
      };
      raw.send(`down ${size / raws.length}`);
    }
  });
}

/** Milliseconds until the peers say that `size` bytes have come, an equal part on each bare channel. */
export async function rawUpload(size) {
  const { raws } = window;
  const chunk = new Uint8Array(32 * 1024);
  const start = performance.now();
  const up = (raw) =>
    new Promise((resolve) => {
      let left = size / raws.length;
      raw.bufferedAmountLowThreshold = 256 * 1024;
      raw.onmessage = resolve;
      raw.send(`up ${left}`);
      const pump = () => {
        while (left > 0 && raw.bufferedAmount < 1024 * 1024) {
          raw.send(chunk);
          left -= chunk.length;
        }
      };
      raw.onbufferedamountlow = pump;
      pump();
    });
  await Promise.all(raws.map(up));
  return performance.now() - start;
}

/** Milliseconds that `count` requests of 1 KiB take on a bare channel, one after the other. */
export async function rawRequests(count) {
  const [raw] = window.raws;
  const times = [];
  for (let index = 0; index < count; index += 1) {
    const start = performance.now();
    const answer = new Promise((resolve) => (raw.onmessage = resolve));
    raw.send('down 1024');
    await answer;
    times.push(performance.now() - start);
  }
  return times;
}

/** Puts the page under a service worker that does nothing but answer. */
export async function becomeControlled() {
  const controlled = new Promise((resolve) => {
    navigator.serviceWorker.oncontrollerchange = resolve;
  });
  await navigator.serviceWorker.register('/bare-worker.js');
  await controlled;
}

/** Milliseconds to receive `size` bytes of the app. */
export async function download(size) {
  const start = performance.now();
  const reader = (await fetch(`/bytes?n=${size}`)).body.getReader();
  let received = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    received += value.byteLength;
  }
  if (received !== size) throw new Error(`${received} of ${size} bytes`);
  return performance.now() - start;
}

/** Milliseconds until the app says that `size` bytes have come. */
export async function upload(size) {
  const body = new Blob([new Uint8Array(size)]);
  const start = performance.now();
  const answer = await (await fetch('/up', { method: 'POST', body })).text();
  if (answer !== String(size)) throw new Error(`${answer} of ${size} bytes`);
  return performance.now() - start;
}

/** Milliseconds that `count` requests of 1 KiB take, one after the other. */
export async function requestsOneByOne(count) {
  const times = [];
  for (let index = 0; index < count; index += 1) {
    const start = performance.now();
    await (await fetch('/bytes?n=1024')).arrayBuffer();
    times.push(performance.now() - start);
  }
  return times;
}

/** The same while bulk is under way, `down` or `up` or none; with the rate of the bulk meanwhile. */
export async function requestTimes(count, bulk) {
  const PIECE = 2 * 1024 * 1024;
  const RAMP_MS = 1_000;
  const over = new AbortController();
  const { signal } = over;
  let moved = 0;
  const down = async () => {
    const reader = (await fetch('/bytes?n=100000000000', { signal })).body.getReader();
    for (;;) moved += (await reader.read()).value.byteLength;
  };
  const up = async () => {
    const body = new Blob([new Uint8Array(PIECE)]);
    for (;;) {
      await (await fetch('/up', { method: 'POST', body, signal })).text();
      moved += PIECE;
    }
  };
  let failure;
  const load = { down, up }[bulk]?.().catch((error) => {
    if (!signal.aborted) failure = error;
  });
  if (load) await new Promise((resolve) => setTimeout(resolve, RAMP_MS));
  const [before, from] = [moved, performance.now()];
  const times = [];
  for (let index = 0; index < count; index += 1) {
    const start = performance.now();
    await (await fetch('/bytes?n=1024')).arrayBuffer();
    times.push(performance.now() - start);
  }
  const mibPerSecond = (moved - before) / 1024 / 1024 / ((performance.now() - from) / 1000);
  over.abort();
  await load;
  if (failure) throw failure;
  return { times, mibPerSecond };
}

/** Milliseconds until all modules have run, in a frame of the page that stays for the reload. */
export async function loadModules(count, shape = '') {
  const frame = document.createElement('iframe');
  frame.id = 'modules';
  frame.src = `/graph/?of=${count}${shape}`;
  const start = performance.now();
  const loaded = new Promise((resolve) => (frame.onload = resolve));
  document.body.append(frame);
  await loaded;
  const milliseconds = performance.now() - start;
  const { evaluated } = frame.contentWindow;
  if (evaluated !== count) throw new Error(`${evaluated} of ${count} modules have run`);
  return milliseconds;
}

/** The same when that frame is loaded again. */
export async function reloadModules(count) {
  const frame = document.getElementById('modules');
  const start = performance.now();
  const loaded = new Promise((resolve) => (frame.onload = resolve));
  frame.contentWindow.location.reload();
  await loaded;
  const milliseconds = performance.now() - start;
  const { evaluated } = frame.contentWindow;
  if (evaluated !== count) throw new Error(`${evaluated} of ${count} modules have run`);
  return milliseconds;
}

/** When the page's first content was painted, by the clock that all pages share; undefined before. */
export function firstPaint() {
  const [entry] = performance.getEntriesByName('first-contentful-paint');
  return entry && performance.timeOrigin + entry.startTime;
}

/** When the steps of an opening were, by the same clock: of the shell its marks, of the app's page what the browser tells. */
export function openingTimes() {
  const { timeOrigin } = performance;
  const [{ fetchStart, responseStart, responseEnd }] = performance.getEntriesByType('navigation');
  if (window !== top)
    return { asked: timeOrigin + fetchStart, answered: timeOrigin + responseStart };
  const marks = performance
    .getEntriesByType('mark')
    .map(({ name, startTime }) => [name, startTime]);
  const ofShell = marks.filter(([name]) => name.startsWith('wingman-'));
  return {
    shell: timeOrigin + responseEnd,
    ...Object.fromEntries(ofShell.map(([name, at]) => [name.slice(8), timeOrigin + at])),
  };
}
