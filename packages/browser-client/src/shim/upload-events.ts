import { SHIM_LIMITS } from '../shared/limits.js';
import { uploadChannel, type UploadProgress } from '../shared/request-fields.js';

type Realm = typeof globalThis;

const FAILURES = ['abort', 'error', 'timeout'];
const TYPES = ['loadstart', 'progress', 'load', 'loadend', ...FAILURES];

/**
 * The events of one `XMLHttpRequest.upload`. Behind a service worker Chromium has none for the progress and the end of
 * an upload, and Firefox the end only, when the answer comes. So the tunnel tells of these, and the others stay.
 */
export class UploadEvents {
  #total = 0;
  /** Whose event has ended the upload. */
  #endedBy: 'nobody' | 'tunnel' | 'browser' = 'nobody';
  #isFollowed = false;
  #toldAt = 0;
  readonly #listening = new AbortController();

  /** To be made before the page can listen. `isAborted` says whether the page itself has given the request up. */
  constructor(
    private readonly upload: XMLHttpRequestUpload,
    private readonly realm: Realm,
    private readonly isAborted: () => boolean,
  ) {
    const { signal } = this.#listening;
    for (const type of TYPES)
      upload.addEventListener(type, (event) => this.#native(event), { signal });
  }

  /** The request goes to another site: there a listener would ask for a preflight (XMLHttpRequest section 3.5.6). */
  leave(): void {
    this.#listening.abort();
  }

  /** Takes the tunnel's reports about the request of this id. */
  follow(id: string, xhr: XMLHttpRequest): void {
    this.#isFollowed = true;
    this.#endedBy = 'nobody';
    const channel = new this.realm.BroadcastChannel(uploadChannel(id));
    channel.onmessage = ({ data }: MessageEvent<UploadProgress>) => {
      // Before the page's listeners run: one that gives the request up closes the channel.
      channel.postMessage('heard');
      this.#heard(data);
    };
    xhr.addEventListener('loadend', () => channel.close(), { once: true });
  }

  #heard({ bytes, isAll }: UploadProgress): void {
    // An upload of nothing has no progress, and the browser's own events are right.
    if (this.#endedBy !== 'nobody' || this.#total === 0) return;
    const loaded = isAll ? this.#total : Math.min(bytes, this.#total);
    const now = performance.now();
    if (!isAll && now - this.#toldAt < SHIM_LIMITS.uploadProgressMs) return;
    this.#toldAt = now;
    if (isAll) this.#endedBy = 'tunnel';
    for (const type of isAll ? ['progress', 'load', 'loadend'] : ['progress']) {
      this.#dispatch(type, { lengthComputable: true, loaded, total: this.#total });
    }
  }

  /** Looks at the browser's own event, before any listener of the page. */
  #native(event: Event): void {
    if (!event.isTrusted || !this.#isFollowed) return;
    const { type } = event;
    if (type === 'loadstart') return void (this.#total = (event as ProgressEvent).total);
    if (type === 'progress' || this.#endedBy === 'tunnel') return event.stopImmediatePropagation();
    if (type === 'loadend') return;
    this.#endedBy = 'browser';
    if (type !== 'abort' || this.isAborted()) return;
    event.stopImmediatePropagation();
    this.#dispatch('error');
  }

  #dispatch(type: string, init?: ProgressEventInit): void {
    this.upload.dispatchEvent(new this.realm.ProgressEvent(type, init));
  }
}
