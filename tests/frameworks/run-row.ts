import { within } from '../support/program.js';
import { DevServer } from './dev-server.js';
import type { Framework } from './framework.js';
import { Scaffold, type Place } from './scaffold.js';
import { judge, type Line } from './table.js';
import { runTrial, type Trial } from './trial.js';
import { isPlain, VIEWERS, type ViewerName } from './viewer.js';

/** Several times what the slowest row takes on a busy machine. */
const TRIAL_DEADLINE_MS = 8 * 60_000;

/** One browser's line of the table, and why it failed, if it did. */
export interface Outcome {
  readonly line: Line;
  readonly faults: readonly string[];
}

/** Makes the app and runs it in each browser. Never rejects. */
export async function runRow(
  framework: Framework,
  browsers: readonly ViewerName[],
  place: Place,
  progress: (text: string) => void,
): Promise<Outcome[]> {
  try {
    const scaffold = await Scaffold.create(framework, place);
    const versions = scaffold.versions();
    progress(`made: ${versions}`);
    return await inBrowsers(scaffold, browsers, versions, progress);
  } catch (error) {
    return [failed(emptyLine(framework, '–', ''), 'scaffold', error)];
  }
}

async function inBrowsers(
  scaffold: Scaffold,
  browsers: readonly ViewerName[],
  versions: string,
  progress: (text: string) => void,
): Promise<Outcome[]> {
  const { framework } = scaffold;
  const outcomes: Outcome[] = [];
  for (const browser of browsers) {
    const line = emptyLine(framework, browser, versions);
    if (framework.needsTunnel !== undefined && isPlain(browser)) {
      const notes = `not tried: ${framework.needsTunnel}`;
      outcomes.push({ line: { ...line, notes }, faults: [] });
      continue;
    }
    try {
      const trial = await tryIn(browser, scaffold, progress);
      for (const error of trial.localhost.errors) progress(`console on localhost: ${error}`);
      const { cells, faults } = judge(trial);
      outcomes.push({ line: { ...line, ...cells, notes: notesOf(framework) }, faults });
    } catch (error) {
      outcomes.push(failed(line, browser, error));
    }
  }
  return outcomes;
}

/** The dev server is started anew for each browser: what one visit leaves behind must not help the next. */
async function tryIn(
  browser: ViewerName,
  scaffold: Scaffold,
  progress: (text: string) => void,
): Promise<Trial> {
  const server = await DevServer.start(scaffold);
  try {
    const viewer = await VIEWERS[browser]();
    const say = (text: string): void => progress(`${browser}, ${text}`);
    try {
      const trial = runTrial(scaffold.framework, server, viewer, say);
      return await within(TRIAL_DEADLINE_MS, 'the whole row', trial);
    } finally {
      // A trial that is late ends with its browser.
      await viewer.end();
    }
  } finally {
    await server.stop();
  }
}

function notesOf({ checks = [], notes = [] }: Framework): string {
  const works = checks.map(({ what }) => what).join(', ');
  return [...(works === '' ? [] : [`works: ${works}`]), ...notes].join('; ');
}

function emptyLine({ title }: Framework, browser: string, versions: string): Line {
  const none = '–';
  return {
    ...{ row: title, versions, browser, renders: none, console: none },
    ...{ 'hot update': none, state: none, path: none, notes: '' },
  };
}

function failed(line: Line, step: string, error: unknown): Outcome {
  const text = error instanceof Error ? error.message : String(error);
  const first = text.split('\n')[0] ?? '';
  return {
    line: { ...line, notes: `FAILED: ${first.slice(0, 100)}` },
    faults: [`${step}: ${text}`],
  };
}
