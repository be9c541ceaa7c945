import type { ReadyInfo, Reporter } from './reporter.js';

/** One JSON object a line; the field names are a contract with other programs. */
export function jsonReporter(write: (text: string) => void): Reporter {
  const line = (event: string, fields: object = {}): void => {
    write(`${JSON.stringify({ event, ...fields })}\n`);
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
    pathChanged: (event) => line('path-changed', event),
    viewerLeft: (event) => line('viewer-left', event),
    transfer: (event) => line('transfer', event),
    reconnected: () => undefined,
    problem: (event) => line('error', { ...event, fatal: false }),
    failed: (code, message) => line('error', { code, message, fatal: true }),
    stopping: () => undefined,
    stopped: (event) => line('stopped', event),
  };
}

function readyFields(info: ReadyInfo): object {
  const { url, session, server, port, alsoPorts, maxViewers, p2p, ingress } = info;
  const expiresAt = new Date(info.expiresAt).toISOString();
  return { url, session, server, port, alsoPorts, expiresAt, maxViewers, p2p, ingress };
}
