import { ConfigError, systemCode } from '@wingman/node-kit';
import { once } from 'node:events';
import { lstatSync, unlinkSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect } from 'node:net';
import { SERVER_LIMITS } from '../limits.js';

/** Whoever may connect rules over the server: its own user, and root. */
const NOT_FOR_OTHERS = 0o177;

/** The operator's door on the server's own machine: HTTP over a Unix socket, which the rights of its file protect. */
export class AdminSocket {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens; the file of a server that has died is replaced. Rejects with ConfigError when the path can't be used. */
  static async open(path: string, handle: RequestListener): Promise<AdminSocket> {
    const { adminMs, adminSockets } = SERVER_LIMITS;
    const server = createServer({ requestTimeout: adminMs, keepAliveTimeout: adminMs }, handle);
    server.maxConnections = adminSockets;
    try {
      if (await isLeftBehind(path)) unlinkSync(path);
      await listen(server, path);
    } catch (error) {
      throw new ConfigError(
        `the admin socket ${path} can't be used: ${reasonOf(error)}. A good value: ADMIN_SOCKET=/run/wingman/admin.sock, in a folder that the server may write`,
        { cause: error },
      );
    }
    return new AdminSocket(server);
  }

  /** Takes nothing new, and removes the file. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

async function listen(server: Server, path: string): Promise<void> {
  const listening = once(server, 'listening');
  // The file is made within this call, so nobody can connect before it has its rights.
  const before = process.umask(NOT_FOR_OTHERS);
  try {
    server.listen(path);
  } finally {
    process.umask(before);
  }
  await listening;
}

/** Whether there is a socket that nobody answers. Any other file is left alone. */
async function isLeftBehind(path: string): Promise<boolean> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return false;
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return false;
  } catch (error) {
    return systemCode(error) === 'ECONNREFUSED';
  } finally {
    socket.destroy();
  }
}

function reasonOf(error: unknown): string {
  const code = systemCode(error);
  return code === 'EADDRINUSE' ? 'another server, or another file, is there' : code;
}
