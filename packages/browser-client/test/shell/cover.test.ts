import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { shellProblem, type ProblemCode } from '@wingman/protocol';
import { drawCover, newJourney } from '../../src/shell/cover.js';
import { closeTabs, find, openTab } from '../support/dom.js';

let root: HTMLElement;
let retries: number;

beforeEach(() => {
  root = find(openTab('https://s.example/', '<div id="cover"></div>').document, '#cover');
  retries = 0;
});

afterEach(closeTabs);

const draw = (journey: ReturnType<typeof newJourney>): void =>
  drawCover(root, journey, () => (retries += 1));

/** What has gone wrong, with what was done before. */
function drawProblem(problem: ProblemCode, done: ('browser' | 'host' | 'app')[] = []): void {
  draw({ ...newJourney(), problem, done: new Set(done) });
}

const text = (selector: string): string => find(root, selector).textContent ?? '';

describe('progress', () => {
  test('is not shown before it is worth showing, though the frame is covered', () => {
    draw(newJourney());
    expect(root.children).toHaveLength(0);
    expect(root.hasAttribute('hidden')).toBe(false);
  });

  test('names the step under way and those that are done', () => {
    draw({ ...newJourney(), isLate: true, done: new Set(['browser'] as const) });
    const steps = [...root.querySelectorAll('li')].map(({ className }) => className);
    expect(steps).toEqual(['done', 'now', '']);
    expect(find(root, 'main > div').getAttribute('role')).toBe('status');
  });

  test('says whom it waits for: the machine at first, and then its app', () => {
    const journey = { ...newJourney(), isLate: true };
    draw(journey);
    expect(text('.soft')).toContain('developer’s machine');
    journey.done.add('host');
    draw(journey);
    expect(text('h1')).toContain('the app');
    expect(root.textContent).toContain('has not answered yet');
  });

  test('goes as soon as the app is there', () => {
    const journey = { ...newJourney(), isLate: true };
    draw(journey);
    journey.done.add('app');
    draw(journey);
    expect(root.children).toHaveLength(0);
    expect(root.hasAttribute('hidden')).toBe(true);
  });
});

test('who has left is told so, and the way back has the focus', () => {
  let reloads = 0;
  root.ownerDocument.location.reload = () => void (reloads += 1);
  draw({ ...newJourney(), hasLeft: true, done: new Set(['app'] as const) });
  expect(text('h1')).toBe('You have left');
  expect(root.hasAttribute('hidden')).toBe(false);
  const back = find<HTMLButtonElement>(root, 'button');
  expect(root.ownerDocument.activeElement).toBe(back);
  back.click();
  expect(reloads).toBe(1);
});

describe('a problem', () => {
  test('is told by its code, its cause and its cure, to readers of screens at once', () => {
    drawProblem('HOST_OFFLINE');
    const { title, cause, cure } = shellProblem('HOST_OFFLINE');
    expect(text('.code')).toBe('HOST_OFFLINE');
    expect(text('h1')).toBe(title);
    expect(root.textContent).toContain(cause);
    expect(text('.cure')).toContain(cure);
    expect(find(root, 'main > div').getAttribute('role')).toBe('alert');
  });

  test('is tried again by a click, where that may help', () => {
    drawProblem('SERVER_UNREACHABLE');
    find(root, 'button').click();
    expect(retries).toBe(1);
  });

  test.each<ProblemCode>(['KEY_MISSING', 'HANDSHAKE_FAILED', 'UNSUPPORTED', 'TUNNEL_CRASHED'])(
    'that waiting won’t solve offers no second try: %s',
    (code) => {
      drawProblem(code);
      expect(root.querySelector('button')).toBeNull();
      expect(root.textContent).not.toContain('by itself…');
    },
  );

  test('with a key that is not the session’s says what is missing, and what to ask for', () => {
    drawProblem('HANDSHAKE_FAILED');
    expect(root.textContent).toMatch(/follows the # is not its key: a part is missing/);
    expect(root.textContent).toMatch(/Ask the developer for the current link/);
  });

  test.each<ProblemCode>(['HOST_OFFLINE', 'TIMEOUT', 'SERVER_UNREACHABLE', 'SESSION_UNKNOWN'])(
    'leaves an app in sight that is there already: %s',
    (code) => {
      drawProblem(code, ['browser', 'host', 'app']);
      expect(root.hasAttribute('hidden')).toBe(true);
    },
  );

  test.each<ProblemCode>([
    ...(['SESSION_ENDED', 'SESSION_STOPPED', 'SESSION_EXPIRED'] as const),
    ...(['HANDSHAKE_FAILED', 'TUNNEL_CRASHED'] as const),
  ])('that ends a running app too covers it: %s', (code) => {
    drawProblem(code, ['browser', 'host', 'app']);
    expect(root.hasAttribute('hidden')).toBe(false);
    expect(text('.code')).toBe(code);
  });

  test('gives way to progress when it is over', () => {
    const journey = { ...newJourney(), isLate: true };
    draw({ ...journey, problem: 'HOST_OFFLINE' });
    draw(journey);
    expect(root.querySelector('[role=alert]')).toBeNull();
    expect(root.querySelectorAll('li')).toHaveLength(3);
  });
});

describe('a file in place of a page', () => {
  test('is said to be on its way, and then to be here', () => {
    draw({ ...newJourney(), file: 'coming' });
    expect(text('h1')).toBe('A file is on its way');
    expect(root.textContent).toContain('keep this tab open');
    draw({ ...newJourney(), file: 'saved' });
    expect(text('h1')).toBe('The file is here');
    expect(root.textContent).toContain('can be closed');
  });

  test('is less than a problem', () => {
    draw({ ...newJourney(), file: 'coming', problem: 'LINK_LOST' });
    expect(text('.code')).toBe('LINK_LOST');
  });
});
