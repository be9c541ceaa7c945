import { within } from '@wingman/protocol';
import { SERVICE_WORKER_LIMITS } from '../shared/limits.js';
import {
  REQUEST_ID,
  UPLOAD_PREFIX,
  uploadChannel,
  type UploadProgress,
} from '../shared/request-fields.js';

/** Tells a page how far an upload is. The next report waits until the page has heard the one before. */
export class UploadReports {
  readonly #channel: BroadcastChannel;
  #latest: UploadProgress | undefined;
  #isUnderWay = false;
  #isOver = false;
  #caughtUp: () => void = () => undefined;

  private constructor(id: string) {
    this.#channel = new BroadcastChannel(uploadChannel(id));
    this.#channel.onmessage = () => {
      this.#isUnderWay = false;
      this.#post();
    };
  }

  /** Undefined when nobody wants to hear. */
  static of(request: Pick<Request, 'headers'>): UploadReports | undefined {
    const id = request.headers.get(REQUEST_ID);
    return id?.startsWith(UPLOAD_PREFIX) === true ? new UploadReports(id) : undefined;
  }

  tell({ bytes, isAll }: UploadProgress): void {
    if (this.#isOver) return;
    this.#latest = { bytes, isAll };
    if (!this.#isUnderWay) this.#post();
  }

  /** Resolves when the page has heard all reports so far: they come before the answer. Nothing is told afterwards. */
  async heard(): Promise<void> {
    if (this.#isUnderWay) {
      const caughtUp = new Promise<void>((resolve) => (this.#caughtUp = resolve));
      await within(caughtUp, SERVICE_WORKER_LIMITS.uploadHeardMs);
    }
    this.close();
  }

  close(): void {
    this.#isOver = true;
    this.#channel.close();
    this.#caughtUp();
  }

  #post(): void {
    const report = this.#latest;
    if (report === undefined) return this.#caughtUp();
    this.#latest = undefined;
    this.#isUnderWay = true;
    this.#channel.postMessage(report);
  }
}
