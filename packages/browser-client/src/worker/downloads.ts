import { header, headerValue, type ResponseHead } from '@wingman/protocol';
import type { FetchHead } from '../shared/exchange-messages.js';
import { BROWSER_LIMITS } from '../shared/limits.js';
import { encodeValue } from './ascii-fields.js';
import type { SendRequest } from './serve-fetch.js';

interface Announced {
  /** Path and query. */
  readonly target: string;
  /** The name that the link gives the file; may be empty. */
  readonly name: string;
}

const DISPOSITION = 'content-disposition';

/** Navigations of frames that stand for an `<a download>`, announced by the shell that is about to start them. */
export class Downloads {
  readonly #announced: Announced[] = [];

  constructor(private readonly origin: string) {}

  announce(url: string, name: string): void {
    this.#announced.push({ target: targetOf(new URL(url)), name });
    if (this.#announced.length <= BROWSER_LIMITS.maxDownloads) return;
    const dropped = this.#announced.shift();
    console.error(
      `More than ${BROWSER_LIMITS.maxDownloads} downloads at once: not saved: ${dropped?.target}`,
    );
  }

  /** Sends requests by `send`, and turns the answers to announced navigations into files. */
  through(send: SendRequest): SendRequest {
    return async (head, options) => {
      const name = isPlainNavigation(head) ? this.#take(head.target) : undefined;
      if (name === undefined) return send(head, options);
      // With the destination of a `fetch` the host adds nothing to the file.
      const response = await send({ ...head, destination: 'empty' }, options);
      return { ...response, head: this.#answer(response.head, { target: head.target, name }) };
    };
  }

  /** The name of the file for this navigation, given out once; undefined when the navigation was not announced. */
  #take(target: string): string | undefined {
    const index = this.#announced.findIndex((one) => one.target === target);
    return this.#announced.splice(index, index < 0 ? 0 : 1)[0]?.name;
  }

  /** The answer as a file. If the answer is a redirect within the app, its target is announced. */
  #answer(head: ResponseHead, { name, target }: Announced): ResponseHead {
    const location = headerValue(head.headers, 'location');
    if (head.status >= 300 && head.status < 400 && location !== undefined) {
      const url = new URL(location, this.origin + target);
      if (url.origin === this.origin) this.announce(url.href, name);
      return head;
    }
    const own = headerValue(head.headers, DISPOSITION) ?? '';
    const others = head.headers.filter((field) => field.name !== DISPOSITION);
    return { ...head, headers: [...others, header(DISPOSITION, asAttachment(own, name))] };
  }
}

function isPlainNavigation({ destination, method, mode, port }: FetchHead): boolean {
  const isFrames = destination === 'iframe' && mode === 'navigate';
  return isFrames && method === 'GET' && port === undefined;
}

function targetOf({ pathname, search }: URL): string {
  return pathname + search;
}

/** The name in an attachment's header comes first, then the link's name, then any other (HTML section 4.6.5). */
function asAttachment(own: string, name: string): string {
  const isAttachment = /^\s*attachment/i.test(own);
  const parameters = own.replace(/^[^;]*/, '');
  if (name === '' || (isAttachment && /;\s*filename\*?\s*=/i.test(parameters))) {
    return `attachment${parameters}`;
  }
  return `attachment; filename*=${encodeValue(name)}`;
}
