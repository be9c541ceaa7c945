// What the inspector costs: the host's CPU for a request that is recorded, and a list of ten thousand that is scrolled.
import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { chromium, until } from '../lib/browser.mjs';
import { app, share } from '../lib/programs.mjs';
import { median, quantile, round } from '../lib/stats.mjs';

const REQUESTS = 1_500;
const AT_ONCE = 16;
const MAX_SHARE = 0.05;

const LINES = 10_000;
const FRAMES = 600;
const FRAME_MS = 1_000 / 60;
/** A frame that took one and a half of it was missed. */
const MISSED_MS = FRAME_MS * 1.5;
const MAX_MISSED = 0.01;

/** Seconds of CPU that a process has taken, with all its threads. */
function cpuOf({ pid }) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Asks the app over plain HTTP, so many times, some at once. The system's resolver doesn't know the session's name. */
async function load({ value: { url, server, ingress } }, count) {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const headers = { host: new URL(url).host, authorization: `Bearer ${ingress.token}` };
  const options = { agent, headers, host: '127.0.0.1', port: new URL(server).port };
  const once = () =>
    new Promise((resolve, reject) => {
      const asked = get({ ...options, path: '/bytes?n=1024' }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
        response.resume().once('end', resolve);
      });
      asked.once('error', reject);
    });
  let left = count;
  const client = async () => {
    while (left-- > 0) await once();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  agent.destroy();
}

/** Microseconds of CPU for one request, over so many. */
async function costOf(session) {
  const before = cpuOf(session.child);
  await load(session, REQUESTS);
  return ((cpuOf(session.child) - before) / REQUESTS) * 1e6;
}

async function recording(port, runs) {
  const sessions = [await share(port), await share(port, ['--no-inspector'])];
  const ratios = [];
  const costs = [];
  try {
    // The first is for the compiler.
    for (let run = -1; run < runs; run += 1) {
      const [recorded, bare] = [await costOf(sessions[0]), await costOf(sessions[1])];
      if (run < 0) continue;
      ratios.push(recorded / bare - 1);
      costs.push(recorded);
    }
  } finally {
    for (const session of sessions) await session.stop();
  }
  const more = median(ratios);
  return {
    figure: 'CPU of host and server for a request, with the inspector',
    value: `${round(more * 100)} % more`,
    target: `<= ${MAX_SHARE * 100} %`,
    met: more <= MAX_SHARE,
    detail: `median of ${runs} pairs of ${REQUESTS} requests of 1 KiB over plain HTTP, ${round(median(costs), 0)} µs each`,
  };
}

/** Runs in the page: scrolls by a screen's third in each frame, and resolves with what each frame took. */
function scroll(frames) {
  const box = document.querySelector('.rows');
  const most = box.scrollHeight - box.clientHeight;
  const step = Math.min(most / frames, box.clientHeight / 3);
  box.scrollTop = 0;
  return new Promise((resolve) => {
    const times = [];
    let last = performance.now();
    const next = (now) => {
      times.push(now - last);
      last = now;
      box.scrollTop = Math.min(box.scrollTop + step, most);
      if (times.length < frames) requestAnimationFrame(next);
      // The first interval is that before the first frame.
      else
        resolve({ times: times.slice(1), rows: document.querySelectorAll('[role=option]').length });
    };
    requestAnimationFrame(next);
  });
}

/** A page with nothing in it, as high as those lines: what this machine and browser can do at most. */
const EMPTY = `<style>.rows { height: 700px; overflow-y: auto; position: relative; contain: strict }</style>
  <div class="rows"><div style="height: ${LINES * 28}px"></div></div>`;

/** Frames a second, and the share of them that was missed. */
function framesOf({ times }) {
  const missed = times.filter((time) => time > MISSED_MS).length / times.length;
  const perSecond = 1_000 / (times.reduce((sum, time) => sum + time, 0) / times.length);
  return { missed, text: `${round(perSecond, 1)}, ${round(missed * 100)} % missed` };
}

/** What the page's thread has computed for each frame, in milliseconds of CPU. Other programs don't change it much. */
async function scrolled(page) {
  const cdp = await page.createCDPSession();
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  const worked = async () => {
    const { metrics } = await cdp.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'ThreadTime')?.value ?? NaN;
  };
  const before = await worked();
  const result = await page.evaluate(scroll, FRAMES);
  const frameMs = (((await worked()) - before) * 1_000) / FRAMES;
  await cdp.detach();
  return { ...result, frameMs };
}

async function scrolling(port) {
  const session = await share(port);
  const browser = await chromium();
  try {
    await load(session, LINES);
    const page = await browser.newPage();
    await page.setViewport({ width: 1280, height: 800 });
    await page.goto(session.value.inspector);
    await until('all lines', () =>
      page.evaluate((lines) => document.body.innerText.includes(`${lines} of ${lines}`), LINES),
    );
    const { times, rows, frameMs } = await scrolled(page);
    const { missed, text } = framesOf({ times });
    await page.goto('about:blank');
    await page.setContent(EMPTY);
    const empty = framesOf(await scrolled(page));
    return {
      figure: `frames a second while ${LINES} exchanges are scrolled`,
      value: text,
      target: `60, <= ${MAX_MISSED * 100} % missed`,
      met: missed <= MAX_MISSED,
      detail: `${times.length} frames in Chromium, slowest of 99 %: ${round(quantile(times, 0.99))} ms; ${rows} rows in the page; ${round(frameMs, 1)} ms of the page's thread for a frame; an empty page, scrolled the same way: ${empty.text}`,
    };
  } finally {
    await browser.close();
    await session.stop();
  }
}

/** Measures both with one app. */
export async function inspector(runs) {
  const local = await app();
  try {
    return [await recording(local.value, runs), await scrolling(local.value)];
  } finally {
    await local.stop();
  }
}
