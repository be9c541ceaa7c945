import { withoutPass } from '../exchange/ingress-key.js';
import { readableBody } from './body-text.js';
import type { ExchangeRecord } from './exchange-record.js';
import { shownHeads } from './masks.js';

/** What curl writes itself. */
const OF_CURL = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'expect']);

/** A command for a POSIX shell that asks the app for the same, as the app was asked. */
export async function toCurl(record: ExchangeRecord, areSecretsShown: boolean): Promise<string> {
  const { facts } = record;
  const { asked, port } = facts;
  const { sent, asked: original } = shownHeads(facts, areSecretsShown);
  const fields = (sent.length > 0 ? sent : original).filter(({ name }) => !OF_CURL.has(name));
  const words = [
    `curl ${quoted(`http://localhost:${port}${withoutPass(asked.target)}`)}`,
    ...(asked.method === 'GET' ? [] : [`-X ${quoted(asked.method)}`]),
    // Without a value curl needs a semicolon, or it leaves the field out.
    ...fields.map(
      ({ name, value }) => `-H ${quoted(value === '' ? `${name};` : `${name}: ${value}`)}`,
    ),
  ];
  if (record.body('upload').length === 0) return words.join(' \\\n  ');
  const { text, encoding } = await readableBody(record, 'upload');
  if (encoding === undefined) return [...words, `--data-raw ${quoted(text)}`].join(' \\\n  ');
  const command = [...words, '--data-binary @-'].join(' \\\n  ');
  return `printf %s ${quoted(text)} | base64 -d | ${command}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
