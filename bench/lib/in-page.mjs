// Functions that run in Chromium; each stands alone, because its text is what crosses.

/** Connects the bare channel and leaves it in `window.raw`. */
export async function connectRaw() {
  const pc = new RTCPeerConnection();
  const channel = pc.createDataChannel('raw');
  channel.binaryType = 'arraybuffer';
  window.rawSignal = async (line) => {
    const message = JSON.parse(line);
    if (message.type === 'answer') await pc.setRemoteDescription(message);
    else if (message.candidate) {
      await pc.addIceCandidate({ candidate: message.candidate, sdpMid: message.mid });
    }
  };
  pc.onicecandidate = ({ candidate }) => {
    if (candidate?.candidate) {
      window.toRawPeer(JSON.stringify({ candidate: candidate.candidate, mid: candidate.sdpMid }));
    }
  };
  await pc.setLocalDescription(await pc.createOffer());
  window.toRawPeer(JSON.stringify({ type: 'offer', sdp: pc.localDescription.sdp }));
  await new Promise((resolve) => (channel.onopen = resolve));
  window.raw = channel;
}

/** Milliseconds to receive `size` bytes on the bare channel. */
export function rawDownload(size) {
  const { raw } = window;
  return new Promise((resolve) => {
    const start = performance.now();
    let received = 0;
    raw.onmessage = ({ data }) => {
      received += data.byteLength;
      if (received >= size) resolve(performance.now() - start);
    };
    raw.send(`down ${size}`);
  });
}

/** Milliseconds until the peer says that `size` bytes have come. */
export function rawUpload(size) {
  const { raw } = window;
  return new Promise((resolve) => {
    const chunk = new Uint8Array(32 * 1024);
    const start = performance.now();
    let left = size;
    raw.bufferedAmountLowThreshold = 256 * 1024;
    raw.onmessage = () => resolve(performance.now() - start);
    raw.send(`up ${size}`);
    const pump = () => {
      while (left > 0 && raw.bufferedAmount < 1024 * 1024) {
        raw.send(chunk);
        left -= chunk.length;
      }
    };
    raw.onbufferedamountlow = pump;
    pump();
  });
}

/** Round-trip times of `count` short messages, one after the other, in milliseconds. */
export async function rawEchoes(count) {
  const { raw } = window;
  const times = [];
  for (let index = 0; index < count; index += 1) {
    const start = performance.now();
    const back = new Promise((resolve) => (raw.onmessage = resolve));
    raw.send(`echo ${index}`);
    await back;
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

export async function tunnelDownload(size) {
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

export async function tunnelUpload(size) {
  const body = new Blob([new Uint8Array(size)]);
  const start = performance.now();
  const answer = await (await fetch('/up', { method: 'POST', body })).text();
  if (answer !== String(size)) throw new Error(`${answer} of ${size} bytes`);
  return performance.now() - start;
}

/** Milliseconds that `count` small POSTs take, one after the other. */
export async function postEchoes(count) {
  const times = [];
  for (let index = 0; index < count; index += 1) {
    const start = performance.now();
    await (await fetch('/up', { method: 'POST', body: `echo ${index}` })).text();
    times.push(performance.now() - start);
  }
  return times;
}
