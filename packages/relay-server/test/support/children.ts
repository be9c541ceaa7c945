import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Starts a script of this folder in a process of its own. */
export function forkScript(name: string, args: string[] = []): ChildProcess {
  const script = fileURLToPath(new URL(name, import.meta.url));
  return fork(script, args, { execArgv: [] });
}

/** The next message of a child; rejects when it ends without one. */
export async function messageOf<T>(child: ChildProcess): Promise<T> {
  const over = new AbortController();
  const { signal } = over;
  const ended = once(child, 'exit', { signal }).then(([code, by]) => {
    throw new Error(`a process has ended without an answer: ${String(code ?? by)}`);
  });
  try {
    const [message] = (await Promise.race([once(child, 'message', { signal }), ended])) as [T];
    return message;
  } finally {
    over.abort();
    ended.catch(() => undefined);
  }
}

/** Ends a child, which may have ended before. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}
