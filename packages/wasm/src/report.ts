/** A family of kernels. */
export type Family = "map" | "reduce" | "matmul" | "gather" | "scatterAdd" | "write";

/** What ran where in one family. */
export interface FamilyReport {
  /** Calls that ran as WebAssembly, or, for sums and products of a few numbers, in a loop of JavaScript that is done before. */
  readonly wasm: number;
  /** Calls that fell back to the reference backend. */
  readonly reference: number;
  /** Why calls fell back, and what slows others down, with how often that was met. */
  readonly reasons: Readonly<Record<string, number>>;
}

/** Counters of one family, to be raised. */
export interface Tally {
  wasm: number;
  reference: number;
  readonly reasons: Map<string, number>;
}

/** Counts what ran where. */
export class Report {
  readonly #families = new Map<string, Tally>();

  /** The counters of a family, to be raised by its kernels. */
  family(name: string): Tally {
    let tally = this.#families.get(name);
    if (tally === undefined) this.#families.set(name, (tally = { wasm: 0, reference: 0, reasons: new Map() }));
    return tally;
  }

  /** A call that fell back, and why. */
  fellBack(family: string, reason: string): void {
    this.family(family).reference++;
    this.note(family, reason);
  }

  /** Something worth knowing about a family. */
  note(family: string, reason: string): void {
    const { reasons } = this.family(family);
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }

  /** Everything counted so far. */
  snapshot(): Record<string, FamilyReport> {
    return Object.fromEntries(
      [...this.#families].flatMap(([name, { wasm, reference, reasons }]) =>
        wasm + reference + reasons.size === 0 ? [] : [[name, { wasm, reference, reasons: Object.fromEntries(reasons) }]],
      ),
    );
  }
}
