/** The middle value; of an even number of values the lower of the two in the middle. */
export function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}

export const round = (value, digits = 2) => Number(value.toFixed(digits));

/** "median (min–max)". */
export function spread(values, digits = 2) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return `${round(median(values), digits)} (${round(low, digits)}–${round(high, digits)})`;
}

/** The value below which that share of the values is. */
export function quantile(values, share) {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * share)];
}
