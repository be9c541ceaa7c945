import { RESERVED_PREFIX } from '@wingman/protocol';
import { TOGETHER_API, type FollowedFrame, type ShowTogether } from '../together/api.js';

/** What the script must be (W3C Subresource Integrity): the page's policy lets in no other. */
declare const WINGMAN_TOGETHER: string;

/** The code for viewers who look at the app together. It is fetched when somebody opens the details, and never before. */
export class TogetherCode {
  #code: Promise<ShowTogether> | undefined;

  constructor(private readonly frame: FollowedFrame) {}

  /** Fills a place in the pill's details; returns what empties it again. */
  readonly show = (slot: Element): (() => void) => {
    let hide: (() => void) | undefined = () => undefined;
    const shown = (code: ShowTogether): void => {
      if (hide !== undefined) hide = code(slot, this.frame);
    };
    (this.#code ??= load(slot.ownerDocument)).then(shown, () => (this.#code = undefined));
    return () => {
      hide?.();
      hide = undefined;
    };
  };
}

function load(page: Document): Promise<ShowTogether> {
  return new Promise((resolve, reject) => {
    const script = page.createElement('script');
    script.integrity = WINGMAN_TOGETHER;
    script.src = `${RESERVED_PREFIX}together.js`;
    const tab = page.defaultView as { [TOGETHER_API]?: ShowTogether } | null;
    script.onload = () => {
      const code = tab?.[TOGETHER_API];
      if (code === undefined) reject(new Error('the script holds something else'));
      else resolve(code);
    };
    script.onerror = reject;
    page.head.append(script);
  });
}
