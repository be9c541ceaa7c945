const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** A number of bytes for people, in at most three digits: `1.5 KiB`, `92 MiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // Rounded first: 999.6 KiB would be a thousand KiB.
  while (Math.round(value) >= 1000 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const hasFraction = unit > 0 && value < 9.95;
  return `${hasFraction ? value.toFixed(1) : Math.round(value)} ${UNITS[unit] ?? ''}`;
}
