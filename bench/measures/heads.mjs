// What the heads of a request and its answer take on a link, and what both ends take for them: as they are, and packed.
import {
  acceptExchanges,
  header,
  Link,
  MemoryCarrier,
  Mux,
  newLinkId,
  RequestHead,
  request,
  ResponseHead,
} from '@wingman/protocol';
import { median, round } from '../lib/stats.mjs';

const REQUESTS = 5_000;
const TARGET_BYTES = 60;
/** What the relay's seal adds to each message. */
const SEAL_BYTES = 16;

/** What Chromium asks of a dev server, as the tunnel worker hands it over. */
const asked = (target) =>
  RequestHead.create({
    ...{ method: 'GET', target, destination: 'script', mode: 'cors', transferCodings: [1] },
    headers: [
      header('accept', '*/*'),
      header('accept-language', 'en-US,en;q=0.9'),
      header('cache-control', 'no-cache'),
      header('pragma', 'no-cache'),
      header('referer', 'https://garden-3f7k2m5q6r7s2t3u.wingman.example/src/main.tsx'),
      header('sec-ch-ua', '"Not/A)Brand";v="8", "Chromium";v="156"'),
      header('sec-ch-ua-mobile', '?0'),
      header('sec-ch-ua-platform', '"Linux"'),
      header('user-agent', 'Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0 Safari/537.36'),
      header('cookie', 'session=0123456789abcdef0123456789abcdef; theme=dark'),
      header('if-none-match', 'W/"1a2b-18f3c2d9a10"'),
      header('wingman-page-path', '/'),
    ],
  });

/** What Vite answers. */
const ANSWER = ResponseHead.create({
  status: 200,
  statusText: 'OK',
  headers: [
    header('content-type', 'text/javascript'),
    header('cache-control', 'no-cache'),
    header('etag', 'W/"1a2b-18f3c2d9a10"'),
    header('vary', 'Origin'),
    header('date', 'Mon, 23 Nov 2026 12:00:00 GMT'),
  ],
});

/** Both ends of a link in this process. */
function pair(unpacksHeads) {
  const passed = [];
  const carrier = () =>
    new MemoryCarrier((message, arrive) => {
      // Numbered frames that are more than an END.
      if (message[0] === 0 && message.length > 6) passed.push(message.length);
      queueMicrotask(() => arrive(message));
    });
  const [left, right] = [carrier(), carrier()];
  [left.peer, right.peer] = [right, left];
  const id = newLinkId();
  const viewer = new Link({ id, role: 'initiator' });
  const host = new Link({ id, role: 'acceptor' });
  viewer.attach(left, 'p2p');
  host.attach(right, 'p2p');
  acceptExchanges(host, {
    webSocket: () => undefined,
    request: (incoming) => {
      incoming.respond(ANSWER);
      incoming.end();
    },
  });
  const mux = new Mux(viewer, { unpacksHeads });
  return {
    close: () => viewer.close('LINK_CLOSED'),
    /** Bytes of both heads, sealed. */
    ask: async (target) => {
      passed.length = 0;
      const { body } = await request(mux, asked(target));
      for await (const chunk of body) throw new Error(`a body of ${chunk.length} bytes`);
      return { there: passed[0] + SEAL_BYTES, back: passed[1] + SEAL_BYTES };
    },
  };
}

/** Microseconds of CPU for a request, both ends together. */
async function cpuOf({ ask }) {
  const before = process.cpuUsage();
  for (let each = 0; each < REQUESTS; each += 1) await ask(`/src/module-${each % 300}.tsx`);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / REQUESTS;
}

export async function heads(runs) {
  const cpu = { plain: [], packed: [] };
  for (let each = 0; each <= runs; each += 1) {
    for (const [name, unpacksHeads] of Object.entries({ plain: false, packed: true })) {
      const ends = pair(unpacksHeads);
      const microseconds = await cpuOf(ends);
      ends.close();
      // The first round warms both up.
      if (each > 0) cpu[name].push(microseconds);
    }
  }
  const ends = pair(true);
  const first = await ends.ask('/src/App.tsx');
  await ends.ask('/src/App.tsx');
  const other = await ends.ask('/src/components/Button.tsx');
  const repeated = await ends.ask('/src/App.tsx');
  ends.close();
  const most = Math.max(repeated.there, repeated.back);
  const times = Object.values(cpu).map((samples) => round(median(samples), 1));
  return [
    {
      figure: 'a repeated request on the wire, sealed',
      value: `${repeated.there} bytes there, ${repeated.back} back`,
      target: `${TARGET_BYTES} bytes`,
      met: most <= TARGET_BYTES,
      detail: `the first ${first.there} and ${first.back}, one with another target ${other.there} and ${other.back}`,
    },
    {
      figure: 'CPU of both ends for a request without a body',
      value: `${times[1]} µs packed`,
      target: 'none',
      met: true,
      detail: `${times[0]} µs as they are; medians of ${runs} runs of ${REQUESTS}, without seal and socket`,
    },
  ];
}
