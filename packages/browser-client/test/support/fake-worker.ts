import type { ShellToWorker, WorkerToShell } from '../../src/shared/worker-messages.js';

/** A dedicated worker as its page sees it; what runs in it is the test. */
export class FakeWorker {
  readonly posted: ShellToWorker[] = [];
  readonly transferred: Transferable[][] = [];
  isTerminated = false;
  onmessage: ((event: { data: WorkerToShell }) => void) | null = null;
  onerror: ((event: { message?: string }) => void) | null = null;
  onmessageerror: (() => void) | null = null;
  /** What of the transferred objects this engine refuses. */
  refuses: (object: Transferable) => boolean = () => false;

  readonly #listeners: [type: string, listener: () => void][] = [];

  /** What is told once, beside the handlers. */
  addEventListener(type: string, listener: () => void): void {
    this.#listeners.push([type, listener]);
  }

  postMessage(message: ShellToWorker, transfer: Transferable[] = []): void {
    if (transfer.some(this.refuses)) throw new DOMException('not clonable', 'DataCloneError');
    this.posted.push(message);
    this.transferred.push(transfer);
  }

  terminate(): void {
    this.isTerminated = true;
  }

  /** The worker posts a message. */
  says(message: WorkerToShell): void {
    this.#tell('message');
    this.onmessage?.({ data: message });
  }

  /** Its code fails. */
  breaks(): void {
    this.#tell('error');
    this.onerror?.({});
  }

  #tell(wanted: string): void {
    for (const [type, listener] of this.#listeners) if (type === wanted) listener();
  }

  kinds(): string[] {
    return this.posted.map(({ kind }) => kind);
  }

  get asWorker(): Worker {
    return this as unknown as Worker;
  }
}
