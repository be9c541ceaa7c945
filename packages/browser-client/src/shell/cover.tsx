import { render, type ComponentChildren, type VNode } from 'preact';
import { shellProblem, type ProblemCode } from '@wingman/protocol';

/** The steps to the app, in their order. */
const STEPS = ['browser', 'host', 'app'] as const;
export type Step = (typeof STEPS)[number];

/** What covers the frame. blank: nothing is worth showing yet. file: the tab's URL is a file. left: by the person's own wish. none: the app is in sight. */
export type Cover =
  | { kind: 'blank' }
  | { kind: 'progress' }
  | { kind: 'problem'; code: ProblemCode }
  | { kind: 'file'; isSaved: boolean }
  | { kind: 'left' }
  | { kind: 'none' };

/** Everything the cover depends on. */
export interface Journey {
  done: ReadonlySet<Step>;
  problem: ProblemCode | null;
  /** It takes long enough for progress to be shown. */
  isLate: boolean;
  /** How far the file is that the tab was opened for; null when it was opened for a page. */
  file: 'coming' | 'saved' | null;
  /** The person has left the app, and nothing goes on here. */
  hasLeft: boolean;
}

/** The journey at its start. */
export function newJourney(): Journey & { readonly done: Set<Step> } {
  return { done: new Set(), problem: null, isLate: false, file: null, hasLeft: false };
}

/** Problems that cover a running app too. Once the app is there, the pill tells all others. */
const FINAL: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'SESSION_ENDED',
  'SESSION_STOPPED',
  'SESSION_EXPIRED',
  'HANDSHAKE_FAILED',
  'TUNNEL_CRASHED',
]);

/** Whether a problem covers a running app, and says all that there is to say of it. */
export function coversApp(problem: ProblemCode | null): boolean {
  return problem !== null && FINAL.has(problem);
}

/** What to show at a point of the journey. */
export function coverFor({ done, file, hasLeft, problem, isLate }: Journey): Cover {
  if (hasLeft) return { kind: 'left' };
  const isShown = done.has('app');
  if (problem !== null && (!isShown || coversApp(problem)))
    return { kind: 'problem', code: problem };
  if (isShown) return { kind: 'none' };
  if (file !== null) return { kind: 'file', isSaved: file === 'saved' };
  return { kind: isLate ? 'progress' : 'blank' };
}

const LABELS: Readonly<Record<Step, string>> = {
  browser: 'Preparing this browser',
  host: 'Reaching the developer’s machine',
  app: 'Loading the app',
};

/** Problems that waiting won't solve. */
const HOPELESS: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'KEY_MISSING',
  'HANDSHAKE_FAILED',
  'UNSUPPORTED',
  'TUNNEL_CRASHED',
]);

/** Draws what covers the frame until the app is there. */
export function drawCover(root: Element, journey: Journey, onRetry: () => void): void {
  const cover = coverFor(journey);
  root.toggleAttribute('hidden', cover.kind === 'none');
  if (cover.kind === 'file') return render(<FilePage isSaved={cover.isSaved} />, root);
  if (cover.kind === 'left') return render(<LeftPage />, root);
  if (cover.kind === 'progress') return render(<Progress done={journey.done} />, root);
  if (cover.kind === 'problem') {
    return render(<ProblemPage code={cover.code} onRetry={onRetry} />, root);
  }
  render(null, root);
}

/** What a screen reader announces by itself: `main` may have no other role (ARIA in HTML section 4). */
function Card({
  role,
  children,
}: {
  role: 'alert' | 'status';
  children: ComponentChildren;
}): VNode {
  return (
    <main class="card">
      <div role={role}>{children}</div>
    </main>
  );
}

function Progress({ done }: { done: ReadonlySet<Step> }): VNode {
  const current = STEPS.find((step) => !done.has(step));
  return (
    <Card role="status">
      <div class="beam" aria-hidden="true" />
      <h1>{done.has('host') ? 'Waiting for the app…' : 'Connecting…'}</h1>
      <p class="soft">
        {done.has('host')
          ? 'The connection is up. The developer’s app has not answered yet.'
          : 'The developer’s machine has not answered yet.'}
      </p>
      <ol class="steps">
        {STEPS.map((step) => (
          <li key={step} class={done.has(step) ? 'done' : step === current ? 'now' : ''}>
            {LABELS[step]}
          </li>
        ))}
      </ol>
    </Card>
  );
}

function FilePage({ isSaved }: { isSaved: boolean }): VNode {
  return (
    <Card role="status">
      <h1>{isSaved ? 'The file is here' : 'A file is on its way'}</h1>
      <p>
        {isSaved
          ? 'Your browser has saved it. This tab can be closed.'
          : 'Your browser is saving it. Please keep this tab open until it is complete.'}
      </p>
    </Card>
  );
}

/** The button that was pressed is gone, so this one takes the focus. */
function LeftPage(): VNode {
  return (
    <Card role="status">
      <h1>You have left</h1>
      <p>This tab has no connection to the developer’s machine any more.</p>
      <p class="actions">
        <button type="button" ref={(button) => button?.focus()} onClick={() => location.reload()}>
          Come back
        </button>
      </p>
    </Card>
  );
}

function ProblemPage({ code, onRetry }: { code: ProblemCode; onRetry: () => void }): VNode {
  const { title, cause, cure } = shellProblem(code);
  const isHopeless = HOPELESS.has(code);
  return (
    <Card role="alert">
      <p class="code">{code}</p>
      <h1>{title}</h1>
      <p>{cause}</p>
      <p class="cure">
        <b>What to do.</b> {cure}
      </p>
      {isHopeless ? null : (
        <p class="actions">
          <button type="button" onClick={onRetry}>
            Try now
          </button>
          <span class="soft">Trying again by itself…</span>
        </p>
      )}
      <p class="by">This page comes from Wingman, not from the app.</p>
    </Card>
  );
}
