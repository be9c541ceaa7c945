// An HTTP proxy for the lab: `proxy.mjs PORT HOST PORT` takes whatever it is asked for to one server, whose name it alone knows.
import { createServer, request as ask } from 'node:http';
import { connect } from 'node:net';

const [listenPort, host, port] = process.argv.slice(2);
const proxy = createServer((request, response) => {
  const { pathname, search } = new URL(request.url ?? '/');
  const { headers, method } = request;
  const asked = ask({ host, port, method, path: pathname + search, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  asked.on('error', () => response.destroy());
  response.on('close', () => asked.destroy());
  request.pipe(asked);
});
proxy.on('connect', (request, socket, head) => {
  const far = connect(Number(port), host, () => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    far.write(head);
    far.pipe(socket).pipe(far);
  });
  far.on('error', () => socket.destroy());
  socket.on('error', () => far.destroy());
});
proxy.listen(Number(listenPort), () => console.log('ready'));
