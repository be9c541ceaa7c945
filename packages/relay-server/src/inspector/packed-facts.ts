import type { Header } from '@wingman/protocol';
import type { Facts } from './facts.js';
import { KeptBytes, Slabs } from './kept-bytes.js';

/** What keeps its form when facts are packed. */
type Kept = 'id' | 'kind' | 'viewer' | 'port' | 'counted' | 'paths' | 'end';

/** The facts of an exchange that has ended, in few objects: ten thousand records of a hundred keep the garbage collector busy. */
export interface PackedFacts extends Pick<Facts, Kept> {
  readonly method: string;
  readonly target: string;
  readonly statusText: string;
  readonly hasSent: boolean;
  /** The fields of all heads, in UTF-8: ten thousand texts that live for minutes leave the heap full of holes. */
  readonly fields: KeptBytes;
  /** NaN stands for none. An array of numbers is two objects; a fraction that is a property is one for itself. */
  readonly figures: readonly number[];
}

/** Stands between lines: no value of a field has the end of one (RFC 9110 section 5.5), and no name a colon. */
const LINE_END = '\n';
/** The line between two heads. */
const GAP = '';

/** Heads outlive the bodies of their exchanges: in one slab they would hold on to memory that is counted as free. */
const heads = new Slabs();

/** Packs facts. Written out, as this is done for each request that passes: spreading takes ten times as long. */
export function packed(facts: Facts): PackedFacts {
  const { asked, sent, head, times } = facts;
  return {
    id: facts.id,
    kind: facts.kind,
    viewer: facts.viewer,
    port: facts.port,
    counted: facts.counted,
    paths: facts.paths,
    end: facts.end,
    method: asked.method,
    target: asked.target,
    statusText: head?.statusText ?? '',
    hasSent: sent !== undefined,
    fields: keptText(packedFields(facts)),
    figures: [
      facts.rttMs ?? NaN,
      facts.startedAt,
      facts.receiverMs,
      head?.status ?? NaN,
      times.accepted,
      times.sent ?? NaN,
      times.head ?? NaN,
      times.firstByte ?? NaN,
      times.end ?? NaN,
    ],
  };
}

/** `packed`, undone. */
export function unpacked(pack: PackedFacts): Facts {
  const { method, target, statusText, hasSent, fields, figures, ...kept } = pack;
  const [rttMs, startedAt = 0, receiverMs = 0, status, accepted = 0, ...hops] = figures.map(orNone);
  const [sent, head, firstByte, end] = hops;
  const lines = fields.bytes.toString().split(LINE_END);
  const first = lines.indexOf(GAP);
  const second = lines.indexOf(GAP, first + 1);
  const headers = fieldsOf(lines.slice(0, first));
  return {
    ...kept,
    ...{ rttMs: rttMs ?? null, startedAt, receiverMs },
    times: { accepted, sent, head, firstByte, end },
    asked: { method, target, headers },
    sent: hasSent ? { headers: fieldsOf(lines.slice(first + 1, second), headers) } : undefined,
    head:
      status === undefined
        ? status
        : { status, statusText, headers: fieldsOf(lines.slice(second + 1)) },
  };
}

function keptText(text: string): KeptBytes {
  const bytes = Buffer.from(text);
  const fields = new KeptBytes(bytes.byteLength, heads);
  fields.add(bytes);
  return fields;
}

function orNone(figure: number): number | undefined {
  return Number.isNaN(figure) ? undefined : figure;
}

/** The fields of the three heads, a line each. Most go to the app as they came: their place says enough. */
function packedFields({ asked, sent, head }: Facts): string {
  const lines: string[] = [];
  for (const header of asked.headers) lines.push(lineOf(header));
  lines.push(GAP);
  for (const header of sent?.headers ?? []) {
    const place = asked.headers.indexOf(header);
    lines.push(place === -1 ? lineOf(header) : String(place));
  }
  lines.push(GAP);
  for (const header of head?.headers ?? []) lines.push(lineOf(header));
  return lines.join(LINE_END);
}

function lineOf({ name, value }: Header): string {
  return `${name}:${value}`;
}

/** A line without a colon is the place of a field in another head. */
function fieldsOf(lines: readonly string[], other: readonly Header[] = []): Header[] {
  return lines.flatMap((line) => {
    const colon = line.indexOf(':');
    if (colon === -1) return other[Number(line)] ?? [];
    return { name: line.slice(0, colon), value: line.slice(colon + 1) };
  });
}
