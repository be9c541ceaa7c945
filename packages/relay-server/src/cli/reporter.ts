import type { Entrance } from '../entry/entrance.js';
import type { VisitorInfo } from '../entry/visitor.js';
import type { OnLan } from '../library/shared-app.js';
import type { HostEvents, ViewerInfo } from '../tunnel/host-types.js';

type Payload<Name extends keyof HostEvents> = HostEvents[Name][0];

/** What is known once the session is up; times in milliseconds since 1970. */
export interface ReadyInfo {
  readonly url: string;
  readonly session: string;
  /** The tunnel server's origin. */
  readonly server: string;
  /** Whether it runs in this process. */
  readonly embedded: boolean;
  /** The local network, where `--lan` serves it. */
  readonly lan: OnLan | undefined;
  readonly port: number;
  /** What is shared, as people call it. */
  readonly label: string;
  readonly alsoPorts: readonly number[];
  readonly expiresAt: number;
  readonly maxViewers: number;
  readonly p2p: P2pInfo;
  readonly ingress: IngressInfo;
  readonly entry: EntryInfo;
  /** SHA-256 of the browser's code as this version has it, in hex. */
  readonly page: string;
  /** Whether something listens on the local port. */
  readonly appAnswers: boolean;
  /** The port wished for, when it was taken by another program. */
  readonly takenPort: number | undefined;
  /** The inspector's address; undefined when it is off. */
  readonly inspector: string | undefined;
}

/** Who may use plain HTTP, and the bearer token where one is needed. */
export type IngressInfo =
  | { readonly mode: 'key'; readonly token: string }
  | { readonly mode: 'open' }
  | { readonly mode: 'off' };

/** What a viewer needs besides the link, and what the viewer may do. */
export interface EntryInfo {
  readonly asksPassphrase: boolean;
  /** The one that was made; undefined for one that the developer has chosen. */
  readonly passphrase: string | undefined;
  readonly asksDeveloper: boolean;
  readonly isReadOnly: boolean;
}

/** Whether direct paths are possible, and if not, why. */
export type P2pInfo =
  | { readonly enabled: true; readonly engine: string }
  | { readonly enabled: false; readonly reason: 'switched off' | 'no engine' };

/** Shows what happens: to people, or to programs. */
export interface Reporter {
  ready(info: ReadyInfo): void;
  /** `who` returns what is known of the viewer at the time. */
  viewerJoined(event: Payload<'viewer-joined'>, who: () => ViewerInfo | undefined): void;
  pathChanged(event: Payload<'path-changed'>): void;
  viewerLeft(event: Payload<'viewer-left'>): void;
  request(event: Payload<'request'>): void;
  /** All who are here, as the developer has asked for. */
  viewers(viewers: readonly ViewerInfo[]): void;
  /** Somebody waits to be let in, was let in or turned away, or waits no longer. */
  visitor(visitor: VisitorInfo): void;
  wrongPassphrase(event: { readonly visitor: VisitorInfo; readonly wrong: number }): void;
  /** All who have come, as the developer has asked for. */
  visitors(visitors: readonly VisitorInfo[], tries: Entrance['tries']): void;
  transfer(event: Payload<'transfer'>): void;
  reconnected(): void;
  /** Another server has the session now; `url` opens the page that was shared. */
  moved(event: Payload<'moved'>): void;
  /** Something went wrong, and the session goes on. */
  problem(event: Payload<'problem'>): void;
  /** A line of the log that a person has to see; programs read the log itself. */
  warned(text: string): void;
  /** What a key that was pressed has done. */
  notice(text: string): void;
  /** A line of the command that is shared. */
  output(line: string): void;
  /** The session could not be started. */
  failed(code: string, message: string): void;
  /** Ctrl-C was pressed; so many requests and WebSockets may end within so many milliseconds. */
  stopping(event: { readonly exchanges: number; readonly drainMs: number }): void;
  stopped(event: Payload<'stopped'>): void;
}

/** One JSON object a line; the field names are a contract with other programs. */
export function jsonReporter(write: (text: string) => void, common: object = {}): Reporter {
  const line = (event: string, fields: object = {}): void => {
    write(`${JSON.stringify({ event, ...common, ...fields })}\n`);
  };
  return {
    ready: (info) => {
      line('ready', readyFields(info));
      if (!info.appAnswers) {
        const message = `nothing listens on port ${info.port} yet`;
        line('error', { code: 'LOCAL_PORT_REFUSED', message, fatal: false });
      }
    },
    viewerJoined: (event) => line('viewer-joined', event),
    // Programs that want each exchange use the library.
    request: () => undefined,
    viewers: () => undefined,
    pathChanged: (event) => line('path-changed', event),
    viewerLeft: (event) => line('viewer-left', event),
    visitor: ({ number, ...rest }) => line('visitor', { visitor: number, ...rest }),
    wrongPassphrase: ({ visitor, wrong }) => {
      line('wrong-passphrase', { visitor: visitor.number, browser: visitor.browser, wrong });
    },
    visitors: (visitors, tries) => line('visitors', { visitors, tries }),
    transfer: (event) => line('transfer', event),
    reconnected: () => undefined,
    moved: (event) => line('moved', event),
    problem: (event) => line('error', { ...event, fatal: false }),
    warned: () => undefined,
    notice: () => undefined,
    output: (text) => void process.stderr.write(`${text}\n`),
    failed: (code, message) => line('error', { code, message, fatal: true }),
    stopping: () => undefined,
    stopped: (event) => line('stopped', event),
  };
}

function readyFields(info: ReadyInfo): object {
  const { url, session, server, port, alsoPorts, maxViewers, p2p, ingress, entry } = info;
  const { page, inspector, lan } = info;
  const expiresAt = new Date(info.expiresAt).toISOString();
  return {
    ...{ url, session, server, port, alsoPorts, expiresAt, maxViewers },
    ...{ p2p, ingress, entry, page, inspector, lan },
  };
}
