import type { ReplyPort } from '@wingman/protocol/ports';

/** A shell says what it is. */
export interface Introduction {
  kind: 'shell';
  tab: string;
  /** To the shell's tunnel worker; null: go to the network. */
  port: MessagePort | null;
  /** Names the session by what only its link key gives; empty without a tunnel. */
  session: string;
  /** The URL that the shell's frame is about to load. */
  expects: string | null;
  /** That navigation stands for the POST that has opened the shell. */
  isPosted: boolean;
  /** The shell was served with the headers of cross-origin isolation. */
  isIsolated: boolean;
}

/** From a shell to the service worker. */
export type ShellToServiceWorker =
  | Introduction
  /** My tunnel worker has ended, and what it had under way with it. */
  | { kind: 'tunnel-lost'; tab: string }
  /** A frame of mine is about to load this. */
  | { kind: 'expect'; tab: string; url: string }
  /** Serve the shell cross-origin isolated from now on, or no more. */
  | { kind: 'isolation'; isOn: boolean }
  /** The kept shell leads nowhere: have the server answer the next load of a tab. */
  | { kind: 'forget-shell' }
  /** Stay alive for a while. */
  | { kind: 'keep-alive' }
  /** The page has loaded: fetch for later what an offline start needs. */
  | { kind: 'warm-cache' };

/** From a document of the app to the service worker. */
export type DocumentToServiceWorker =
  /** I live in this shell; `isInner` in a frame of the app's own. */
  | { kind: 'document'; tab: string; isInner: boolean }
  /** I am starting a worker from this URL. */
  | { kind: 'worker'; url: string; isModule: boolean };

/** The service worker's answer to `shell`, `expect`, `isolation`, `forget-shell` and `keep-alive`, on the port that came with it. */
export interface ServiceWorkerAnswer {
  /** Changes whenever the service worker has been restarted. */
  instance: string;
}

/** From the service worker to a shell: introduce yourself. */
export interface PortWanted {
  kind: 'wingman-port-wanted';
  instance: string;
  reply: ReplyPort<Introduction>;
}

/** From the service worker to a shell: an error for the page's console. Nobody looks at the service worker's console. */
export interface Complaint {
  kind: 'wingman-complaint';
  text: string;
}

/** From the service worker to a shell: the frame's navigation brings a file, which is on its way or has ended. */
export interface FileNews {
  kind: 'wingman-file';
  isSaved: boolean;
}

/** The global name under which a worker's shim finds its tab. */
export const TAB_NAME = 'wingmanTab';

/** Code that runs the shim before a worker's script. The code is part of the first line, so that line numbers stay. */
export function workerPrefix(shim: string, tab: string | null): string {
  return `self.${TAB_NAME}=${JSON.stringify(tab)};${shim};`;
}
