/** The value below which a fraction of the values lies, interpolated between neighbours; NaN of none. */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = fraction * (sorted.length - 1);
  const below = Math.floor(at);
  return sorted.length === 0 ? Number.NaN : sorted[below] + (at - below) * (sorted[Math.ceil(at)] - sorted[below]);
}

/** The middle value, or the mean of the two in the middle. */
export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Distance of the quartiles, relative to the median. */
export const spread = (values: readonly number[]): number => (quantile(values, 0.75) - quantile(values, 0.25)) / median(values);

/** Median of the ratios round by round, which cancels the drift of a shared machine; rounds that only one of them ran are left out. */
export function ratio(values: readonly number[], reference: readonly number[]): number {
  const rounds = Math.min(values.length, reference.length);
  return median(values.slice(0, rounds).map((value, round) => value / reference[round]));
}
