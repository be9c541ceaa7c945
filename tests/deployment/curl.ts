import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';

/** What curl has seen. */
export interface Seen {
  /** `000` when there was no answer. */
  readonly status: string;
  /** The version of HTTP. */
  readonly version: string;
  readonly bytes: number;
  readonly firstByteSeconds: number;
  readonly body: string;
}

export interface CurlOptions {
  /** So many MiB of zeros are sent, chunk by chunk. */
  readonly uploadMib?: number;
  readonly discards?: boolean;
  /** When it gives up. */
  readonly seconds?: number;
}

const DEADLINE_SECONDS = 300;
const MIB = 1024 * 1024;
const REPORT = '\n%{http_code} %{http_version} %{size_download} %{time_starttransfer}';

/**
 * Asks for a URL over HTTP/2; names below localhost lead to this machine. It takes no wildcard for `*.localhost`, so it
 * doesn't look at certificates, as other clients here; the host does.
 */
export async function curl(url: string, options: CurlOptions = {}): Promise<Seen> {
  const { discards = false, seconds = DEADLINE_SECONDS, uploadMib } = options;
  const args = ['-sSN', '--http2', '--insecure', '--max-time', String(seconds), '-w', REPORT];
  if (discards) args.push('-o', '/dev/null');
  if (uploadMib !== undefined) args.push('-T', '-');
  const input = uploadMib === undefined ? '' : `head -c ${uploadMib * MIB} /dev/zero | `;
  const quoted = [...args, url].map((text) => `'${text}'`).join(' ');
  // Not synchronously: the app that answers runs in this process.
  const stdout = await new Promise<string>((resolve) => {
    execFile('sh', ['-c', `${input}curl ${quoted}`], (_error, output) => resolve(output));
  });
  const end = stdout.lastIndexOf('\n');
  const [status = '', version = '', bytes = '', first = ''] = stdout.slice(end + 1).split(' ');
  const body = stdout.slice(0, Math.max(0, end));
  return { status, version, bytes: Number(bytes), firstByteSeconds: Number(first), body };
}

export function digestOfZeros(mib: number): string {
  const hash = createHash('sha256');
  const zeros = Buffer.alloc(MIB);
  for (let count = 0; count < mib; count++) hash.update(zeros);
  return hash.digest('hex');
}
