import { nearest } from "../formula/index.ts";

/** Refuses options that an operation does not know: the error names it, and the known one that was probably meant. */
export function checkOptions(op: string, options: object, known: readonly string[]): void {
  if (typeof options !== "object" || options === null) throw new TypeError(`${op}: options are an object, got ${String(options)}`);
  for (const option of Object.keys(options)) {
    if (known.includes(option)) continue;
    const close = nearest(option, known);
    const hint = close === undefined ? `it takes ${known.join(", ") || "none"}` : `did you mean ${close}?`;
    throw new TypeError(`${op}: unknown option ${option}; ${hint}`);
  }
}
