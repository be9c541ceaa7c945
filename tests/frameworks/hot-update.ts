import { eventually } from '../support/program.js';
import type { DevServer } from './dev-server.js';
import type { Edit, Framework } from './framework.js';
import type { Doc } from './tab.js';
import { click, type Visit } from './visit.js';

const SAVE_AGAIN_MS = 3_000;

/** What an edit did to the page. */
export interface Update {
  readonly what: string;
  /** The document was not loaded anew. */
  readonly isHot: boolean;
  /** The counter kept its count; undefined where the app has none. */
  readonly keepsState: boolean | undefined;
}

/**
 * Edits the file and takes the edit back, and says what both have done to the page. Through the tunnel each edit counts; on
 * localhost, which is the measure, one that the dev server's own watcher has missed is saved again.
 */
export async function hotUpdate(
  visit: Visit,
  server: DevServer,
  { counter }: Framework,
  edit: Edit,
  isMeasure: boolean,
): Promise<Update> {
  const before = edit.before ?? edit.from;
  const save = isMeasure ? saveUntilShown : saveOnce;
  const frame = await visit.shows(before);
  const count = counter === undefined ? undefined : await countUp(frame, counter);
  await mark(frame);
  await visit.listens();
  await save(visit, server, edit);
  const isHot = await stillMarked(frame);
  if (isHot) {
    await save(visit, server, back(edit));
  } else {
    // A second reload in the midst of the first is for a browser to report as it likes.
    await visit.isQuiet();
    // The page may show its text before its scripts listen for updates: one save may come too early.
    await saveUntilShown(visit, server, back(edit));
  }
  const keeps = counter === undefined ? undefined : (await countOf(frame, counter)) === count;
  return {
    what: edit.what,
    isHot: isHot && (await stillMarked(frame)),
    keepsState: keeps,
  };
}

/**
 * Waits on localhost until the dev server's watcher watches: one that is still looking through the
 * folder misses a change, and says nothing when it has finished.
 */
export async function watcherWatches(
  visit: Visit,
  server: DevServer,
  { counter }: Framework,
  edit: Edit,
): Promise<void> {
  // A page whose scripts have not run yet has no place for an update.
  if (counter !== undefined) await countUp(await visit.has(counter), counter);
  await saveUntilShown(visit, server, edit);
  await saveUntilShown(visit, server, back(edit));
}

function back({ what, file, from, to, before = from, after = to }: Edit): Edit {
  return { what, file, from: to, to: from, before: after, after: before };
}

async function saveOnce(visit: Visit, server: DevServer, edit: Edit): Promise<void> {
  await server.edit(edit.file, edit.from, edit.to);
  await visit.shows(edit.after ?? edit.to);
}

/** Edits the file, and saves it again and again until the page shows it. */
async function saveUntilShown(visit: Visit, server: DevServer, edit: Edit): Promise<void> {
  await server.edit(edit.file, edit.from, edit.to);
  const again = setInterval(() => server.touch(edit.file), SAVE_AGAIN_MS);
  try {
    await visit.shows(edit.after ?? edit.to);
  } finally {
    clearInterval(again);
  }
}

/** Clicks until the count has risen: the page may be there before its scripts. */
function countUp(frame: Doc, counter: string): Promise<number> {
  return eventually(
    'the counter counts',
    async () => {
      const start = await countOf(frame, counter);
      if (start === undefined) return undefined;
      await click(frame, counter);
      return eventually(
        'a higher count',
        async () => {
          const now = await countOf(frame, counter);
          return now !== undefined && now > start ? now : undefined;
        },
        2_000,
      );
    },
    45_000,
  );
}

async function countOf(frame: Doc, counter: string): Promise<number | undefined> {
  const read = (selector: string): string | undefined =>
    document.querySelector<HTMLElement>(selector)?.innerText;
  const match = /Count is (\d+)/.exec((await frame.evaluate(read, counter)) ?? '');
  return match === null ? undefined : Number(match[1]);
}

function mark(frame: Doc): Promise<void> {
  return frame.evaluate(() => {
    (window as unknown as { notReloaded: boolean }).notReloaded = true;
  });
}

/** Asked until there is an answer: there is none while a page is being replaced. */
async function stillMarked(frame: Doc): Promise<boolean> {
  const answer = await eventually('the mark', async () => ({
    is: await frame.evaluate(() => 'notReloaded' in window),
  }));
  return answer.is;
}
