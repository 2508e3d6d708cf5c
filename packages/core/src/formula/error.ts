/** A formula that cannot be read or evaluated; where the text is known, the message shows the line and a caret under the place. */
export class FormulaError extends Error {
  override readonly name: string = "FormulaError";
  /** The line of the text, from 1, or 0 when the error is not about a place in a text. */
  readonly line: number;
  /** The column in that line, from 1, or 0. */
  readonly column: number;

  constructor(problem: string, place?: { readonly source: string; readonly offset: number }) {
    const before = place === undefined ? [] : place.source.slice(0, place.offset).split("\n");
    const line = before.length;
    const column = place === undefined ? 0 : before[line - 1]!.length + 1;
    const shown = place?.source.split("\n")[line - 1];
    const margin = `  ${line} | `;
    super(shown === undefined ? problem : `${problem}\n${margin}${shown}\n${" ".repeat(margin.length + column - 1)}^`);
    this.line = line;
    this.column = column;
  }
}

/** The candidate with the fewest edits from `word`, if they are at most a third of its letters plus one; the nearer length wins a tie. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.floor(word.length / 3) + 2;
  for (const candidate of candidates) {
    const longer = Math.min(Math.abs(candidate.length - word.length), 9) / 10;
    const distance = edits(word.toLowerCase(), candidate.toLowerCase()) + longer;
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** Levenshtein's distance (1966) with Damerau's swaps (1964): insertions, deletions, replacements and swaps of neighbours from `a` to `b`. */
function edits(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      row[j] = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
