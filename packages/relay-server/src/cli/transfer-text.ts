import type { TransferProgress } from '../exchange/transfers.js';

const TARGET_LENGTH = 40;
const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A body's progress for people; `who` is the viewer's short name, or undefined for plain HTTP. */
export function transferText(progress: TransferProgress, who: string | undefined): string {
  const { direction, method, target } = progress;
  const arrow = direction === 'upload' ? '↑' : '↓';
  const path = target.length > TARGET_LENGTH ? `${target.slice(0, TARGET_LENGTH - 1)}…` : target;
  const by = who === undefined ? 'plain HTTP' : `viewer ${who}`;
  return `${arrow} ${by} ${method} ${path}: ${howFar(progress)}`;
}

function howFar({ bytes, total, bytesPerSecond, state }: TransferProgress): string {
  const speed = `${size(bytesPerSecond)}/s`;
  if (state === 'broken-off') return `broken off after ${size(bytes)}`;
  if (state === 'done') return `${size(bytes)} done, ${speed}`;
  if (total === null || total < bytes) return `${size(bytes)}, ${speed}`;
  return `${size(bytes)} of ${size(total)} (${Math.floor((bytes / total) * 100)} %), ${speed}`;
}

function size(bytes: number): string {
  let [value, unit] = [bytes / 1024, 0];
  for (; value >= 1000 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit] ?? ''}`;
}
