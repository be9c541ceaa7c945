import { createServer } from 'node:http';
import { systemCode } from '@wingman/node-kit';
import { WingmanError } from '@wingman/protocol';
import sirv from 'sirv';
import { readingsOf } from '../../exchange/target-readings.js';
import { NEVER, type OpenSource } from './source.js';

/** sirv hides dotfiles only where it has read the folder once and for all. */
function isHidden(target: string): boolean {
  const readings = readingsOf(target);
  return readings.some((path) => /[\\/]\.(?!well-known(?:\/|$))/.test(path));
}

/** Serves the files of a folder on a free port of loopback, as they are at the moment of each request. Dotfiles stay hidden. */
export function folderSource(folder: string): OpenSource {
  return async () => {
    const serve = sirv(folder, { dev: true, etag: true });
    const server = createServer((request, response) => {
      const refuse = (): void => {
        response.writeHead(404, { 'content-type': 'text/plain' }).end('There is no such file.\n');
      };
      if (isHidden(request.url ?? '/')) refuse();
      else serve(request, response, refuse);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(new WingmanError('INTERNAL', systemCode(error))));
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    return {
      ...{ port, label: folder, ended: NEVER },
      close: () => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(() => resolve()));
      },
    };
  };
}
