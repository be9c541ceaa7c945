import { ConfigError, messageOf, visibleText } from '@wingman/node-kit';
import { WingmanError } from '@wingman/protocol';
import { request, type IncomingMessage } from 'node:http';
import { HOST_LIMITS } from '../limits.js';

/** What an operator can ask of the server on the same machine. */
export const ADMIN_ACTIONS = ['sessions', 'viewers', 'end', 'ban', 'drain'] as const;
export type AdminAction = (typeof ADMIN_ACTIONS)[number];

export interface AdminRequest {
  readonly action: AdminAction;
  /** The session, or what is banned. */
  readonly what: string | undefined;
  /** The path of the server's Unix socket. */
  readonly socket: string;
  readonly json: boolean;
}

interface ListedSession {
  readonly name: string;
  readonly viewers: number;
  /** Since when and from where; null while the host is away. */
  readonly host: string | null;
}

interface ListedViewer {
  readonly session: string;
  readonly viewer: string;
  readonly address: string;
}

/**
 * Has the tunnel server of this machine carry out a command; resolves with the lines to print. Rejects with ConfigError for
 * a command that says too little, and with REFUSED when there is no server or it does not do it.
 */
export async function administer({ action, json, socket, what }: AdminRequest): Promise<string[]> {
  if (action === 'sessions' || action === 'viewers') {
    const answer = await ask(socket, 'GET', `/${action}`);
    const rows = action === 'sessions' ? sessionsIn(answer) : viewersIn(answer, what);
    const lines = rows.map((row) => (json ? JSON.stringify(row) : Object.values(row).join('  ')));
    return lines.length === 0 && !json ? [`no ${action}`] : lines.map(visibleText);
  }
  if (action !== 'drain' && what === undefined)
    throw new ConfigError(`<what> is missing. A good value: wingman admin ${action} <session>`);
  const { method, path, done } = ORDERS[action];
  await ask(socket, method, path + (action === 'drain' ? '' : encodeURIComponent(what ?? '')));
  return [json ? JSON.stringify({ event: 'done', action }) : done];
}

const ORDERS = {
  end: {
    method: 'DELETE',
    path: '/sessions/',
    done: 'The session has ended. Whoever starts it again gets in again; ban keeps them out.',
  },
  ban: { method: 'POST', path: '/bans/', done: 'Banned, and written to the deny list.' },
  drain: {
    method: 'POST',
    path: '/drain',
    done: 'The server stops: its hosts and viewers are told to move.',
  },
} as const;

function sessionsIn(answer: string): ListedSession[] {
  // The server of this machine, whose owner has made the socket, says so.
  return (JSON.parse(answer) as { sessions: ListedSession[] }).sessions;
}

function viewersIn(answer: string, session: string | undefined): ListedViewer[] {
  const { viewers } = JSON.parse(answer) as { viewers: ListedViewer[] };
  return session === undefined ? viewers : viewers.filter((viewer) => viewer.session === session);
}

async function ask(socketPath: string, method: string, path: string): Promise<string> {
  const signal = AbortSignal.timeout(HOST_LIMITS.adminMs);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request({ socketPath, method, path, signal, agent: false }, resolve);
    asked.once('error', (error) => reject(unreachable(socketPath, error)));
    asked.end();
  });
  const text = await read(response);
  if ((response.statusCode ?? 0) < 300) return text;
  const { error } = JSON.parse(text) as { error: { cause: string; cure: string } };
  throw new WingmanError('REFUSED', `${error.cause} ${error.cure}`);
}

function unreachable(path: string, error: Error): WingmanError {
  const cure =
    'Start the server with the same ADMIN_SOCKET (--admin-socket), and run this as its user or as root.';
  const message = `no server answers at ${path}: ${messageOf(error)}. ${cure}`;
  return new WingmanError('REFUSED', message, { cause: error });
}

async function read(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > HOST_LIMITS.adminBytes)
      throw new WingmanError('LIMIT_EXCEEDED', 'the list is longer than this command reads');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
