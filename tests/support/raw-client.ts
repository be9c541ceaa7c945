import { connect, type Socket } from 'node:net';
import { within } from './program.js';

const DEADLINE_MS = 10_000;

/** What a server has sent on a connection, in ISO-8859-1. */
export interface RawExchange {
  readonly socket: Socket;
  /** So far. */
  readonly text: () => string;
  /** Resolves with all of it when the connection has ended, whichever side ended it. */
  readonly ended: Promise<string>;
}

/** Sends bytes on a connection of its own. Text is bytes, in ISO-8859-1. */
export function sendRaw(port: number, bytes: string | Uint8Array): RawExchange {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  const text = (): string => Buffer.concat(chunks).toString('latin1');
  socket.on('error', () => undefined).on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(text())));
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  return { socket, text, ended };
}

/** What comes on a connection until the server ends it. Rejects when the server doesn't. */
export async function answerTo(port: number, bytes: string | Uint8Array): Promise<string> {
  const { ended, socket } = sendRaw(port, bytes);
  try {
    return await within(DEADLINE_MS, 'the end of the connection', ended);
  } finally {
    socket.destroy();
  }
}

/** The status codes of the answers in what a server has sent, in order. */
export function statusesIn(text: string): number[] {
  return [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
}
