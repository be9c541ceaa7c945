import { expect, test } from '@jest/globals';
import { besideLocalhost, ONE_PATH } from '../support/beside-localhost.js';
import { ANSWERING, page, send, type Route } from '../support/page-app.js';

/** A frame that answers. */
const ECHO = page(ANSWERING);

const attribute = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');

const ROUTES: Record<string, Route> = {
  '/': (_, response) => send(response, page('<h1>front page</h1>')),
  '/echo': (_, response) => send(response, ECHO),
};

besideLocalhost({ routes: ROUTES }, (stage) => {
  const elsewhere = (): string => `<iframe src="${stage.app.elsewhere}/"></iframe>`;
  const sandboxed = `<iframe sandbox="allow-scripts" srcdoc="${attribute(ECHO)}"></iframe>`;
  const within = (frame: string): string => `<iframe srcdoc="${attribute(frame)}"></iframe>`;

  test.each([
    ['of another origin', elsewhere, 'SecurityError'],
    ['that is sandboxed', () => sandboxed, 'SecurityError'],
    ['of another origin in one of the app', () => within(elsewhere()), 'SecurityError'],
    ['that is sandboxed in one of the app', () => within(sandboxed), 'SecurityError'],
    ['of the app', () => '<iframe src="/echo"></iframe>', 'readable'],
  ])('a frame %s has the window and document it has on localhost', async (_, markup, access) => {
    const local = await stage.expectSameAfresh(async (side) => {
      await side.open('/', 'front page');
      return side.ask(probeFrame, markup());
    }, ONE_PATH);
    const shown = { isInTree: true, hasDocument: access === 'readable', access };
    const talked = { ...shown, hears: 'heard hello', isSource: true };
    const removed = { isInTree: false, hasDocument: false, access: 'none' };
    expect(local).toEqual([talked, removed, talked]);
  });
});

/** What a page finds in a frame: when it is there, removed, and there again. Runs in the app's page. */
async function probeFrame(markup: string): Promise<unknown[]> {
  const loaded = (frame: HTMLIFrameElement): Promise<unknown> =>
    new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }));
  const look = ({ contentWindow, contentDocument, ownerDocument }: HTMLIFrameElement): object => {
    const access = (): string => {
      try {
        return contentWindow === null ? 'none' : contentWindow.document && 'readable';
      } catch (error) {
        return (error as Error).name;
      }
    };
    return {
      isInTree: contentWindow !== null && contentWindow === ownerDocument.defaultView?.[0],
      hasDocument: contentDocument !== null,
      access: access(),
    };
  };
  const talk = async (frame: HTMLIFrameElement): Promise<object> => {
    const parent = frame.ownerDocument.defaultView;
    const answer = new Promise<MessageEvent<string>>((resolve) =>
      parent?.addEventListener('message', resolve, { once: true }),
    );
    // From within the frame's parent, so that the answer goes there.
    parent?.eval(`document.querySelector('iframe').contentWindow.postMessage('hello', '*')`);
    const { data, source } = await answer;
    return { hears: data, isSource: source === frame.contentWindow };
  };
  document.body.innerHTML = markup;
  const outer = document.body.firstElementChild as HTMLIFrameElement;
  await loaded(outer);
  const frame = outer.contentDocument?.querySelector('iframe') ?? outer;
  const parent = frame.parentElement;
  const first = { ...look(frame), ...(await talk(frame)) };
  frame.remove();
  const removed = look(frame);
  parent?.append(frame);
  await loaded(frame);
  return [first, removed, { ...look(frame), ...(await talk(frame)) }];
}
