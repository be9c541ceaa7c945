// Asks the inspector at an address which exchanges have ended early, and prints the last few: why, and which end gave up.
const [, , address] = process.argv;
const LOOK_MS = 3_000;
const TOLD = 6;

const page = await (await fetch(address)).text();
const token = / name="wingman-token" content="([\w-]+)"/.exec(page)?.[1] ?? '';
const headers = { 'x-wingman-inspector': token };

/** The newest that is known of each exchange, by its number. */
async function exchanges() {
  const known = new Map();
  const signal = AbortSignal.timeout(LOOK_MS);
  const feed = await fetch(`${address}api/events`, { headers, signal });
  let text = '';
  try {
    for await (const chunk of feed.body.pipeThrough(new TextDecoderStream())) {
      const events = (text + chunk).split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        for (const each of JSON.parse(event.slice('data: '.length)).exchanges ?? [])
          known.set(each.id, each);
      }
    }
  } catch {
    // The time to look is over: the feed has no end.
  }
  return [...known.values()];
}

const early = (await exchanges()).filter(({ outcome }) => /^(?:aborted|refused)$/.test(outcome));
for (const { id, method, target, status, code, durationMs, download } of early.slice(-TOLD)) {
  const { by } = await (await fetch(`${address}api/exchanges/${id}`, { headers })).json();
  const what = `${method} ${target}, ${status ?? 'no answer'}, ${download} bytes`;
  console.log(`host: ${what}: ${code} by ${by ?? 'nobody'} after ${Math.round(durationMs)} ms`);
}
