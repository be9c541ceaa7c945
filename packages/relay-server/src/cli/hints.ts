import { ADMIN_ACTIONS } from './admin.js';
import { SHELLS } from './completion.js';

/** For what people type out of habit, and for what they leave out. */
const HINTS: Readonly<Record<string, string>> = {
  "unknown option '--port'": 'The port stands alone: wingman 3000',
  "unknown option '-p'": 'The port stands alone: wingman 3000',
  "unknown option '-v'": 'Is -V meant?',
  "missing required argument 'command'": 'Such as: wingman run -- npm run dev',
  "missing required argument 'action'": `One of: ${ADMIN_ACTIONS.join(', ')}`,
  "missing required argument 'shell'": `One of: ${SHELLS.join(', ')}`,
  "missing required argument 'link'": "Such as: wingman url 'https://…/#k=…' --for webhook",
  "missing required argument 'url'": 'Such as: wingman verify https://…/',
};

/** What commander says of a command line, as everything else is said, with what may be meant. */
export function withHint(text: string): string {
  const error = text
    .replace(/^error: /, '')
    .trim()
    .replaceAll('\n', ' ');
  const hint = HINTS[error];
  return hint === undefined ? error : `${error}. ${hint}`;
}
