import { createClient } from '@redis/client';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A Redis for one test, which stores nothing on disk. */
export class TestRedis {
  #process: ChildProcess | undefined;

  private constructor(readonly port: number) {}

  static async start(): Promise<TestRedis> {
    const redis = new TestRedis(await freePort());
    await redis.start();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts Redis, also after a stop. Resolves when Redis takes connections. */
  async start(): Promise<void> {
    const quiet = ['--save', '', '--appendonly', 'no', '--bind', '127.0.0.1'];
    const redis = spawn('redis-server', ['--port', String(this.port), ...quiet]);
    this.#process = redis;
    for await (const text of redis.stdout) {
      if (String(text).includes('Ready to accept connections')) break;
    }
    redis.stdout.resume();
  }

  /** Forgets what other tests have left. */
  async forget(): Promise<void> {
    const client = await createClient({ url: this.url }).connect();
    await client.flushAll();
    client.destroy();
  }

  async stop(): Promise<void> {
    const redis = this.#process;
    if (redis === undefined) return;
    this.#process = undefined;
    redis.kill('SIGKILL');
    await once(redis, 'close');
  }
}

/** Below the ports that the system gives to whoever asks for any: those are taken by the tests that run beside this one. */
const [FIRST_PORT, PORTS] = [20_000, 12_000];

/** A port on which nobody listens now, at any address. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + randomInt(PORTS);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
