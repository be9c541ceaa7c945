import { render } from 'preact';
import type { FollowedFrame, ShowTogether } from './api.js';
import { Controls, Overlay } from './controls.js';
import { Together } from './together.js';

/** Makes what the pill's details call, each time they are opened. What the tab does goes on while they are closed. */
export function showTogether(page: Document, css: string): ShowTogether {
  let together: Together | undefined;
  let slot: Element | undefined;
  const overlay = overlayIn(page, css);
  const draw = (): void => {
    if (together === undefined) return;
    render(<Overlay together={together} />, overlay);
    if (slot !== undefined) render(<Controls together={together} />, slot);
  };
  const begin = (frame: FollowedFrame): Together => {
    const begun = new Together(page, frame);
    begun.onChange = draw;
    return begun;
  };
  return (place, frame) => {
    together ??= begin(frame);
    slot = place;
    together.isLookedAt = true;
    if (together.part === undefined) together.stop();
    draw();
    return () => {
      render(null, place);
      if (together === undefined || slot !== place) return;
      slot = undefined;
      together.isLookedAt = false;
      if (together.part === 'watch') together.stop();
    };
  };
}

/** A place over the app, out of reach of its styles. */
function overlayIn(page: Document, css: string): ShadowRoot {
  const host = page.createElement('wingman-together');
  const root = host.attachShadow({ mode: 'open' });
  // The page's policy lets in no inline style. A constructed sheet is none (CSSOM section 6.1.1).
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];
  page.body.append(host);
  return root;
}
