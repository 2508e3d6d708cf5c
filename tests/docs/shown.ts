/** What the lines of a page printed, by their line number in the page. */
export const shown = new Map<number, string>();

/** Remembers what a line prints; lists print with brackets, all else by `String`. */
export function show(line: number, ...values: unknown[]): void {
  shown.set(line, values.map(text).join(" "));
}

const text = (value: unknown): string => (Array.isArray(value) ? `[${value.map(text).join(", ")}]` : String(value));
