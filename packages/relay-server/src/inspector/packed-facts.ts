import type { Header } from '@wingman/protocol';
import type { Facts } from './facts.js';
import { KeptBytes, Slabs } from './kept-bytes.js';

/** The facts of an exchange that has ended, in three objects: ten thousand records of a hundred keep the garbage collector busy. */
export interface PackedFacts extends Pick<Facts, 'id' | 'counted'> {
  /** In UTF-8, as ten thousand texts that live for minutes leave the heap full of holes: `FirstLine`, then the heads' fields. */
  readonly text: KeptBytes;
}

/** As JSON. Places stand for most names, which would take a tenth of the memory of all. */
type FirstLine = readonly [
  viewers: readonly [Facts['kind'], Facts['viewer'], Facts['port'], Facts['rttMs'], Facts['paths']],
  clocks: readonly [startedAt: number, receiverMs: number, Facts['times']],
  end: Facts['end'],
  asked: readonly [method: string, target: string],
  head: readonly [status: number, statusText: string] | null,
  hasSent: boolean,
];

/** Stands between lines: no value of a field has the end of one (RFC 9110 section 5.5), and no name a colon. */
const LINE_END = '\n';
/** The line before each head's fields. */
const GAP = '';

/** Heads outlive the bodies of their exchanges: in one slab they would hold on to memory that is counted as free. */
const heads = new Slabs();

/** Packs facts. Written out, as this is done for each request that passes: spreading takes ten times as long. */
export function packed(facts: Facts): PackedFacts {
  const { asked, sent, head } = facts;
  const first: FirstLine = [
    [facts.kind, facts.viewer, facts.port, facts.rttMs, facts.paths],
    [facts.startedAt, facts.receiverMs, facts.times],
    facts.end,
    [asked.method, asked.target],
    head === undefined ? null : [head.status, head.statusText],
    sent !== undefined,
  ];
  const lines = [JSON.stringify(first), GAP];
  for (const header of asked.headers) lines.push(lineOf(header));
  lines.push(GAP);
  // Most go to the app as they came: their place says enough.
  for (const header of sent?.headers ?? []) {
    const place = asked.headers.indexOf(header);
    lines.push(place === -1 ? lineOf(header) : String(place));
  }
  lines.push(GAP);
  for (const header of head?.headers ?? []) lines.push(lineOf(header));
  return { id: facts.id, counted: facts.counted, text: keptText(lines.join(LINE_END)) };
}

/** `packed`, undone. */
export function unpacked({ id, counted, text }: PackedFacts): Facts {
  const lines = text.bytes.toString().split(LINE_END);
  // `packed` has written it.
  const [viewers, clocks, end, [method, target], answer, hasSent] = JSON.parse(
    lines[0] ?? '',
  ) as FirstLine;
  const [kind, viewer, port, rttMs, paths] = viewers;
  const [startedAt, receiverMs, times] = clocks;
  const second = lines.indexOf(GAP, 2);
  const third = lines.indexOf(GAP, second + 1);
  const headers = fieldsOf(lines.slice(2, second));
  return {
    ...{ id, counted, kind, viewer, port, rttMs, paths, startedAt, receiverMs, times, end },
    asked: { method, target, headers },
    sent: hasSent ? { headers: fieldsOf(lines.slice(second + 1, third), headers) } : undefined,
    head:
      answer === null
        ? undefined
        : { status: answer[0], statusText: answer[1], headers: fieldsOf(lines.slice(third + 1)) },
  };
}

function keptText(text: string): KeptBytes {
  const bytes = Buffer.from(text);
  const kept = new KeptBytes(bytes.byteLength, heads);
  kept.add(bytes);
  return kept;
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
