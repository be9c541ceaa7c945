import type {
  ExchangeDetail,
  ExchangeSummary,
  KeptBody,
  Phase,
  VisitorName,
} from '@wingman/inspector';
import { headerValue, type Direction } from '@wingman/protocol';
import { withoutPass } from '../exchange/ingress-key.js';
import type { ExchangeRecord } from './exchange-record.js';
import type { Facts } from './facts.js';
import { shownHeads } from './masks.js';

/** Finds whose a viewer's link is. */
export type VisitorOf = (viewer: string) => VisitorName | undefined;

/** One line of the list. */
export function summaryOf(
  { facts }: Pick<ExchangeRecord, 'facts'>,
  visitorOf: VisitorOf,
): ExchangeSummary {
  const { id, kind, asked, port, viewer, startedAt, times, end, head, counted, paths } = facts;
  const type = contentTypeOf(head);
  const visitor = viewer === '' ? undefined : visitorOf(viewer);
  return {
    ...{ id, kind, method: asked.method, target: withoutPass(asked.target), port },
    ...(head !== undefined && { status: head.status }),
    ...(type !== undefined && { type }),
    ...{ path: paths.at(-1) ?? 'offline', viewer, startedAt },
    ...(visitor !== undefined && { visitor }),
    ...(times.end !== undefined && { durationMs: times.end - times.accepted }),
    ...{ upload: counted.upload, download: counted.download },
    outcome: end?.outcome ?? 'running',
    ...(end !== undefined && 'code' in end && { code: end.code }),
  };
}

/** Everything that is kept of an exchange but its bodies and messages. */
export function detailOf(
  record: ExchangeRecord,
  areSecretsShown: boolean,
  visitorOf: VisitorOf,
): ExchangeDetail {
  const { facts, messages } = record;
  const { end, head, paths, rttMs } = facts;
  const heads = shownHeads(facts, areSecretsShown);
  return {
    ...summaryOf({ facts }, visitorOf),
    ...heads,
    statusText: head?.statusText ?? '',
    paths,
    ...(rttMs !== null && { rttMs }),
    phases: phasesOf(facts),
    requestBody: bodyOf(record, 'upload'),
    responseBody: bodyOf(record, 'download'),
    droppedMessages: messages.dropped,
    ...(end?.outcome === 'aborted' && { by: end.by }),
    ...(end?.outcome === 'complete' && end.close !== undefined && { close: end.close }),
    hasSecrets: [...heads.asked, ...heads.sent, ...heads.answer].some(({ isSecret }) => isSecret),
  };
}

/** The answer's content type, without its parameters; undefined when it has none. */
function contentTypeOf(head: Facts['head']): string | undefined {
  const value = headerValue(head?.headers ?? [], 'content-type');
  return value?.split(';', 1)[0]?.trim().toLowerCase();
}

function bodyOf(record: ExchangeRecord, direction: Direction): KeptBody {
  const { length: kept } = record.body(direction);
  const bytes = record.facts.counted[direction];
  return { bytes, kept, isComplete: record.isComplete(direction) };
}

/**
 * Where the time went. The path's share is half of the link's round trip each way, and lies before the host's clock
 * starts and behind its end: the host doesn't see it. The time in which the viewer takes the answer includes the path's rate.
 */
export function phasesOf({ times, receiverMs, rttMs, kind }: Facts): Phase[] {
  const way = (rttMs ?? 0) / 2;
  const at = (time: number): number => way + time - times.accepted;
  const { head, end } = times;
  const sent = times.sent ?? head ?? end ?? times.accepted;
  const phases: Phase[] = [
    { name: 'path', from: 0, ms: way },
    { name: 'host', from: way, ms: sent - times.accepted },
  ];
  if (head === undefined) {
    if (end !== undefined) phases.push({ name: 'app', from: at(sent), ms: end - sent });
    return drawn(phases);
  }
  // An answer of the host itself was never sent to the app.
  if (times.sent !== undefined) phases.push({ name: 'app', from: at(sent), ms: head - sent });
  if (end === undefined) return drawn(phases);
  if (kind === 'websocket') phases.push({ name: 'open', from: at(head), ms: end - head });
  else if (times.sent === undefined)
    phases.push({ name: 'viewer', from: at(head), ms: end - head });
  else phases.push(...bodyPhases(end - head, receiverMs, at(head)));
  return drawn([...phases, { name: 'path', from: at(end), ms: way }]);
}

/** The app's sending and the viewer's receiving alternate. Each is drawn as one bar. */
function bodyPhases(ms: number, receiver: number, from: number): Phase[] {
  const viewer = Math.min(receiver, ms);
  return [
    { name: 'app', from, ms: ms - viewer },
    { name: 'viewer', from: from + ms - viewer, ms: viewer },
  ];
}

function drawn(phases: readonly Phase[]): Phase[] {
  return phases.filter(({ ms }) => ms > 0);
}
