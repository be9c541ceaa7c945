import { packageVersion } from '@wingman/node-kit';
import { headerValue, type Header } from '@wingman/protocol';
import type { Entry, Har, Header as HarHeader, PostData, Response } from 'har-format';
import { withoutPass } from '../exchange/ingress-key.js';
import type { ExchangeRecord } from './exchange-record.js';
import { readableBody } from './body-text.js';
import { shownHeads } from './masks.js';

/** Exchanges as an HTTP Archive 1.2. Those that still run are left out; bodies are as far as they were kept. */
export async function toHar(
  records: readonly ExchangeRecord[],
  areSecretsShown: boolean,
): Promise<Har> {
  const ended = records.filter(({ facts }) => facts.end !== undefined);
  const entries = await Promise.all(ended.map((record) => entryOf(record, areSecretsShown)));
  const version = packageVersion(new URL('../../package.json', import.meta.url));
  return { log: { version: '1.2', creator: { name: 'wingman', version }, entries } };
}

async function entryOf(record: ExchangeRecord, areSecretsShown: boolean): Promise<Entry> {
  const { facts } = record;
  const { asked, port, times, startedAt, counted, paths } = facts;
  const heads = shownHeads(facts, areSecretsShown);
  const url = new URL(withoutPass(asked.target), `http://localhost:${port}`);
  const postData = await postDataOf(record);
  const sentAt = times.sent ?? times.accepted;
  const headAt = times.head ?? times.end ?? sentAt;
  return {
    startedDateTime: new Date(startedAt).toISOString(),
    time: (times.end ?? times.accepted) - times.accepted,
    request: {
      method: asked.method,
      url: url.href,
      httpVersion: 'HTTP/1.1',
      cookies: [],
      headers: plain(heads.sent.length > 0 ? heads.sent : heads.asked),
      queryString: [...url.searchParams].map(([name, value]) => ({ name, value })),
      ...(postData !== undefined && { postData }),
      headersSize: -1,
      bodySize: counted.upload,
    },
    response: await responseOf(record, plain(heads.answer)),
    cache: {},
    timings: {
      blocked: sentAt - times.accepted,
      send: 0,
      wait: headAt - sentAt,
      receive: Math.max(0, (times.end ?? headAt) - headAt),
    },
    comment: `by ${paths.join(', ')}${facts.end?.outcome === 'unused' ? ', asked ahead of the page and not used' : ''}`,
  };
}

async function responseOf(record: ExchangeRecord, headers: HarHeader[]): Promise<Response> {
  const { head, counted } = record.facts;
  const { text, encoding } = await readableBody(record, 'download');
  const mimeType = headerValue(head?.headers ?? [], 'content-type') ?? '';
  return {
    // HAR has no word for an answer that never came; browsers write 0.
    status: head?.status ?? 0,
    statusText: head?.statusText ?? '',
    httpVersion: 'HTTP/1.1',
    cookies: [],
    headers,
    content: { size: counted.download, mimeType, text, ...(encoding && { encoding }) },
    redirectURL: headerValue(head?.headers ?? [], 'location') ?? '',
    headersSize: -1,
    bodySize: counted.download,
  };
}

async function postDataOf(record: ExchangeRecord): Promise<PostData | undefined> {
  if (record.body('upload').length === 0) return undefined;
  const mimeType = headerValue(record.facts.asked.headers, 'content-type') ?? '';
  const { text, encoding } = await readableBody(record, 'upload');
  return { mimeType, text, ...(encoding && { comment: encoding }) };
}

function plain(fields: readonly Header[]): HarHeader[] {
  return fields.map(({ name, value }) => ({ name, value }));
}
