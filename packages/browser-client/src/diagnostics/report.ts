import { formatBytes, NAT_WORDS } from '@wingman/protocol';
import type { Diagnosis, PathSpeed, Stress } from './diagnosis.js';
import { formatLoss, formatMs, formatRate, formatTime } from './format.js';
import { carried, pathName, type Way } from './history.js';

/** Where and when the report is made. */
export interface ReportPlace {
  readonly host: string;
  readonly userAgent: string;
  readonly date: Date;
}

/**
 * What a person sends to whoever helps. It has network addresses of both ends, but no key, no cookie, and not enough of
 * the session's name to find it.
 */
export function reportOf(diagnosis: Diagnosis, { date, host, userAgent }: ReportPlace): string {
  const { history, sights, status, stress } = diagnosis;
  return [
    'Wingman connection report',
    `Time: ${date.toISOString()}`,
    `Session: ${host.slice(0, 3)}…`,
    `Browser: ${userAgent}`,
    `Path: ${pathName(status.mode)}; changes: ${status.switches}`,
    `Direct: ${pathLine(diagnosis, 'direct')}; loss: ${formatLoss(sights.checks)}`,
    `Relay: ${pathLine(diagnosis, 'relay')}`,
    ...(sights.whyNot === undefined ? [] : [`No direct path: ${sights.whyNot}`]),
    `NAT, this end: ${NAT_WORDS[sights.nat.viewer]}`,
    `NAT, developer: ${NAT_WORDS[sights.nat.host]}`,
    ...(stress === undefined ? [] : [`Stress: ${stressWords(stress)}`]),
    'Candidates:',
    ...sights.candidates.map(
      ({ end, type, protocol, address, port }) => `  ${end} ${type} ${protocol} ${address}:${port}`,
    ),
    'Log:',
    ...history.log.map(({ at, text }) => `  ${formatTime(at)} ${text}`),
  ].join('\n');
}

function pathLine(diagnosis: Diagnosis, way: Way): string {
  const { status } = diagnosis;
  const rtt = way === 'relay' ? status.rtt.relay : (status.rtt.p2p ?? status.rtt.turn);
  const bytes = carried(status, way);
  const isReady = way === 'relay' ? status.relayConnected : status.directConnected;
  return [
    isReady ? 'ready' : 'away',
    `round trip ${formatMs(rtt)}`,
    speedWords(diagnosis.speedOf(way)),
    `${formatBytes(bytes.in)} in, ${formatBytes(bytes.out)} out`,
  ].join('; ');
}

function speedWords(speed: PathSpeed | undefined): string {
  if (speed === undefined) return 'not measured';
  const share = Math.round(speed.share * 100);
  return `${formatRate(speed.down)} down, ${formatRate(speed.up)} up, ${share} % on this path`;
}

/** The stress test's result in words for people. */
export function stressWords({ bytes, failed, ms, switches, worstRttMs }: Stress): string {
  const rate = formatRate({ bytes, ms });
  const time = `${(ms / 1_000).toFixed(1)} s`;
  const rtt = formatMs(worstRttMs);
  return `${formatBytes(bytes)} in ${time} (${rate}), round trip up to ${rtt}, ${switches} path changes, ${failed} failed requests`;
}
