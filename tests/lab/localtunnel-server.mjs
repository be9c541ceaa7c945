// localtunnel's own server, as the bundle beside it has it.
import { createRequire } from 'node:module';

const [bundle, port, domain = 'localhost'] = process.argv.slice(2);
const { default: createServer } = createRequire(import.meta.url)(bundle);
createServer({ domain, max_tcp_sockets: 10 }).listen(Number(port), '0.0.0.0', () =>
  console.log('listening'),
);
