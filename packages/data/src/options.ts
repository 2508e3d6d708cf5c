/** Refuses unknown options by name, with the nearest known one. */
export function checkOptions(op: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const [nearest] = [...known].sort((a, b) => editDistance(name, a) - editDistance(name, b));
    throw new TypeError(`${op}: unknown option "${name}"; did you mean "${nearest}"? Known: ${known.join(", ")}`);
  }
}

/** Edits between two words, case ignored (Levenshtein 1966). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, k) => k);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1].toLowerCase() === b[j - 1].toLowerCase();
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (same ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}
