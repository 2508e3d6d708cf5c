import type { Race } from "./page.ts";
import type { Result } from "./race.ts";

/** What is kept of a race: no curves, no trajectories. */
export interface Summary {
  readonly machine: string;
  readonly results: readonly Omit<Result, "losses" | "path" | "search">[];
}

const short = (value: number): number => Number(value.toPrecision(4));

/** The results of a race in short, for tables. */
export const summary = ({ machine, results }: Race): Summary => ({
  machine,
  results: results.map(({ losses: _, path: __, search: ___, ...result }) => ({
    ...result,
    final: short(result.final),
    accuracy: result.accuracy === null ? null : short(result.accuracy),
    msPerStep: short(result.msPerStep),
    gradientsPerStep: short(result.gradientsPerStep),
    statePerParameter: short(result.statePerParameter),
  })),
});
