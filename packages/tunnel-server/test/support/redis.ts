import { createClient } from '@redis/client';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../../../node-kit/test/support/free-port.js';

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
