import { deferred, systemClock, type ProblemCode } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type { AppFrame } from './app-frame.js';
import { drawCover, newJourney, type Step } from './cover.js';

/** What of the shell the opening draws, and what it tells the shell. */
export interface OpeningParts {
  frame: Pick<AppFrame, 'painted'>;
  /** Draws what is beside the app. */
  drawPill: () => void;
  onRetry: () => void;
}

/** What is in sight from the tab's start on: the steps to the app or what is wrong, and the pill once the app is there. */
export class Opening {
  readonly #journey = newJourney();
  readonly #painted = deferred<void>();
  #isPainted = false;

  constructor(
    private readonly page: Document,
    private readonly parts: OpeningParts,
  ) {}

  /** Resolves when the app has painted: whatever nobody waits for begins then. */
  get painted(): Promise<void> {
    return this.#painted.promise;
  }

  get problem(): ProblemCode | null {
    return this.#journey.problem;
  }

  isDone(step: Step): boolean {
    return this.#journey.done.has(step);
  }

  begin(): void {
    systemClock.setTimeout(() => {
      this.#journey.isLate = true;
      this.draw();
    }, BROWSER_LIMITS.progressDelayMs);
    this.draw();
  }

  /** Calls back at the deadline, if the host was not reached by then and nothing is known to be wrong. */
  awaitHost(onLate: () => void): void {
    systemClock.setTimeout(() => {
      if (!this.isDone('host') && this.problem === null) onLate();
    }, BROWSER_LIMITS.connectMs);
  }

  /** The app's step ends the opening; its pill waits until the app has painted. */
  step(step: Step): void {
    const isNew = !this.isDone(step);
    this.#journey.done.add(step);
    this.draw();
    if (!isNew) return;
    // The browser's tools show the marks, and the bench its steps by them.
    performance.mark(`wingman-${step}`);
    if (step === 'app') void this.parts.frame.painted().then(() => this.#paintedApp());
  }

  /** Shows what is wrong; null when nothing is any more. */
  show(problem: ProblemCode | null): void {
    this.#journey.problem = problem;
    this.draw();
  }

  /** Closes a tab that was opened for nothing but a file once the file is saved, if the browser allows it. */
  fileComes(isSaved: boolean): void {
    if (this.isDone('app')) return;
    this.#journey.file = isSaved ? 'saved' : 'coming';
    this.draw();
    if (isSaved) close();
  }

  /** The person has left the app. */
  showLeft(): void {
    this.#journey.hasLeft = true;
    this.draw();
  }

  draw(): void {
    const cover = this.page.getElementById('wingman-cover');
    if (cover !== null) drawCover(cover, this.#journey, this.parts.onRetry);
    if (this.#isPainted) this.parts.drawPill();
  }

  #paintedApp(): void {
    this.#isPainted = true;
    this.#painted.resolve();
    this.draw();
  }
}
