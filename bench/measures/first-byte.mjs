// How many round trips to the tunnel server it takes from opening the URL to the app's first byte, with nothing cached and on a second visit; and how long until the direct path is used.
// Of the first byte only round trips are counted: what the same takes without delay is taken off.
import { appFrame, chromiumAt, mode } from '../lib/browser.mjs';
import { Lab } from '../lib/network.mjs';
import { Scene } from '../lib/peers.mjs';
import { median, round, spread } from '../lib/stats.mjs';

const RTT_MS = 300;
/** The direct path's target counts work, too. */
const DIRECT_MS = 6 * RTT_MS + 150;

/** Host and server are one place here: only the viewer is far. */
function viewerAt(rttMs) {
  const link = (ms) => ({ rttMs: ms, rateMbit: 0, queueMs: 0, lossPercent: 0 });
  return {
    links: { viewerServer: link(rttMs), serverHost: link(0), viewerHost: link(rttMs) },
  };
}

/** Milliseconds from the start of the navigation to the first byte of the app's document, and until the direct path is used. */
async function open(browser, { url }) {
  const page = await browser.newPage();
  await page.goto(url);
  const frame = await appFrame(page);
  const opened = await page.evaluate(() => performance.timeOrigin);
  const firstByte = await frame.evaluate(
    () => performance.timeOrigin + performance.getEntriesByType('navigation')[0].responseStart,
  );
  await mode(page, 'p2p');
  const direct = await page.evaluate(() => performance.now());
  await page.close();
  return { byte: firstByte - opened, direct };
}

async function openTwice(lab, peer) {
  const browser = await chromiumAt(lab, peer);
  try {
    const cold = await open(browser, peer);
    const second = await open(browser, peer);
    return { cold: cold.byte, second: second.byte, direct: cold.direct };
  } finally {
    await browser.close();
  }
}

async function measure(rttMs, runs) {
  const lab = await Lab.create(viewerAt(rttMs));
  let scene;
  try {
    scene = await Scene.start(lab, ['wingman']);
    const times = [];
    for (let run = 0; run < runs; run += 1) {
      times.push(await openTwice(lab, scene.peer('wingman')));
    }
    return times;
  } finally {
    await scene?.stop();
    await lab.remove();
  }
}

function directRow(times) {
  return {
    figure: `the direct path in use, nothing cached, at ${RTT_MS} ms`,
    value: `${round(median(times), 0)} ms`,
    target: `<= ${DIRECT_MS} ms`,
    met: median(times) <= DIRECT_MS,
    detail: `${spread(times, 0)} ms`,
  };
}

export async function firstByte(runs) {
  const near = await measure(0, runs);
  const far = await measure(RTT_MS, runs);
  const row = (figure, name, atMost) => {
    const [without, withDelay] = [near, far].map((times) => times.map((time) => time[name]));
    const trips = (median(withDelay) - median(without)) / RTT_MS;
    return {
      figure: `${figure}, in round trips`,
      value: round(trips),
      target: `<= ${atMost}`,
      // Timers and packets take a few milliseconds of each.
      met: trips <= atMost + 0.05,
      detail: `${spread(withDelay, 0)} ms at ${RTT_MS} ms (${round(median(withDelay) / RTT_MS)} in all), less ${spread(without, 0)} ms of work without delay`,
    };
  };
  return [
    row('the app’s first byte, nothing cached', 'cold', 3.5),
    row('the app’s first byte, second visit', 'second', 2),
    directRow(far.map(({ direct }) => direct)),
  ];
}
