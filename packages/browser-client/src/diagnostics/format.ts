import { formatBytes } from '@wingman/protocol';
import { perSecond, type Speed } from './speed.js';

/** A time for people; a dash for what nobody knows. */
export function formatMs(milliseconds: number | null): string {
  if (milliseconds === null) return '–';
  return milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : `${Math.round(milliseconds)} ms`;
}

/** A rate for people; a dash for none. */
export function formatRate(speed: Pick<Speed, 'bytes' | 'ms'> | undefined): string {
  const rate = speed === undefined ? null : perSecond(speed);
  return rate === null ? '–' : `${formatBytes(rate)}/s`;
}

/** How much of what ICE has asked was lost. */
export function formatLoss(checks: { asked: number; answered: number } | null): string {
  if (checks === null) return 'not told by this browser';
  const lost = Math.max(0, checks.asked - checks.answered);
  return `${lost} of ${checks.asked} checks unanswered`;
}

/** The hour, minute and second of a moment, on this machine's clock. */
export function formatTime(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
}
