// What any server of `ws` takes for its connections: it answers their pings and does nothing else.
import { WebSocketServer } from 'ws';

const settings = { host: '127.0.0.1', port: 0, backlog: 4_096, perMessageDeflate: false };
const server = new WebSocketServer(settings);
server.on('connection', (socket) => socket.on('error', () => undefined));
server.once('listening', () => console.log(JSON.stringify({ port: server.address().port })));
