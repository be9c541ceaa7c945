import { render } from 'preact';
import { SHELL_API, type ShellApi } from '../shared/shell-api.js';
import type { Preference } from '../shared/status.js';
import { App } from './app.js';
import { Diagnosis, type Tab } from './diagnosis.js';
import { DIAGNOSTICS_LIMITS } from './limits.js';

/** What the shell has put on its window. */
interface ShellWindow {
  readonly [SHELL_API]?: ShellApi;
  readonly wingman?: { prefer(preference: Preference): void };
}

/** The shell of this tab; undefined when there is none, or when it has no tunnel. */
function tabAround(page: Window): Tab | undefined {
  // A page of ours on this window, or nothing that has these members.
  const { [SHELL_API]: api, wingman } = page.parent as unknown as ShellWindow;
  if (api === undefined || wingman === undefined || !api.tunnels) return undefined;
  return {
    // Read each time, for a tunnel that has ended is followed by another.
    get parts() {
      return api.parts;
    },
    prefer: (preference) => wingman.prefer(preference),
  };
}

function copy(text: string): Promise<boolean> {
  return navigator.clipboard.writeText(text).then(
    () => true,
    () => false,
  );
}

function start(root: HTMLElement): void {
  const tab = tabAround(window);
  if (tab === undefined) {
    root.textContent =
      'There is nothing to measure: this tab has no tunnel. Open the whole link of the session in a browser with service workers first.';
    return;
  }
  const place = () => {
    return { host: location.host, userAgent: navigator.userAgent, date: new Date() };
  };
  const draw = (): void => render(<App diagnosis={diagnosis} place={place} copy={copy} />, root);
  const diagnosis = new Diagnosis(
    tab,
    {
      fetch: (target, init) => fetch(target, init),
      now: () => performance.now(),
      date: () => Date.now(),
      pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    },
    draw,
  );
  const lookAgain = (): void => {
    const next = (): void => void setTimeout(lookAgain, DIAGNOSTICS_LIMITS.lookMs);
    diagnosis.look().then(next, next);
  };
  draw();
  lookAgain();
}

const root = document.getElementById('diagnostics');
if (root !== null) start(root);
