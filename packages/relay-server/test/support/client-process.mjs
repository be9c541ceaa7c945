// Runs a LocalClient in a process of its own, which a test can stop: each message is a list of requests.
import { LocalClient } from '../../dist/local/local-client.js';
import { Loopback } from '../../dist/local/loopback.js';

const client = new LocalClient(new Loopback(Number(process.argv[2])));

async function ask(method, target) {
  try {
    const response = await client.request({
      method,
      target,
      headers: [{ name: 'host', value: 'localhost' }],
      body: undefined,
      signal: new AbortController().signal,
      sent: () => undefined,
      informational: () => undefined,
      answered: () => undefined,
      ended: () => undefined,
    });
    for await (const chunk of response.body) void chunk;
    return response.status;
  } catch (error) {
    return `${error.code}: ${error.message}`;
  }
}

process.on('message', ({ method, targets }) => {
  Promise.all(targets.map((target) => ask(method, target))).then((answers) =>
    process.send(answers),
  );
});
process.on('disconnect', () => process.exit(0));
process.send('ready');
