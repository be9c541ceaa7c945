import express from 'express';

const app = express();
app.get('/', (request, response) => {
  response.send('<!doctype html><title>Example</title><h1>Hello from Express</h1>');
});

const server = app.listen(Number(process.env.PORT ?? 3000), async (error) => {
  if (error) throw error;
  const { port } = server.address();
  console.log(`here:  http://localhost:${port}`);
  if (process.argv.includes('--share')) await shareIt(port);
});

/** Shares the app until Ctrl-C, for an hour at most. Without TUNNEL_SERVER_URL only this machine's browsers reach it. */
async function shareIt(port) {
  const { share } = await import('wingman-tunnel');
  const server = process.env.TUNNEL_SERVER_URL;
  const session = await share({ port, expires: '1h', ...(server && { server }) });
  console.log(`there: ${session.url}`);
  session.on('viewer-joined', ({ viewers }) => console.log(`looking at it: ${viewers}`));
  session.on('stopped', () => process.exit());
  process.once('SIGINT', () => session.close());
}
