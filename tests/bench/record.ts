import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from "node:os";
import type { EngineRoof, Roof } from "./protocol.ts";
import type { NoResult, Result } from "./rounds.ts";
import type { Size } from "./size.ts";
import type { Start } from "./startup.ts";
import type { Work } from "./workloads.ts";

/** Where a run took place. */
export interface Machine {
  readonly processor: string;
  readonly threads: number;
  readonly memoryGiB: number;
  readonly system: string;
}

/** A column: what ran, as the peer itself told, or why it did not. */
export interface Column {
  readonly name: string;
  readonly title: string;
  readonly ready?: string;
  /** What bounds the engine, where it told. */
  readonly engine?: EngineRoof;
  readonly why?: string;
}

/** A row. */
export interface Row {
  readonly name: string;
  readonly title: string;
  readonly work: Work;
  /** Least time on one thread in milliseconds, where something bounds it. */
  readonly roof: number | null;
  readonly results: readonly (Result | NoResult)[];
}

/** Everything that a run found: what is written as JSON, and what the table shows. */
export interface Findings {
  readonly date: string;
  readonly machine: Machine;
  /** Processes that wanted to run, mean of a minute, before and after. */
  readonly load: readonly [number, number];
  readonly seconds: number;
  readonly rounds: number;
  readonly milliseconds: number;
  readonly reference: string;
  readonly roof: Roof | null;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** From the start of a process to the end of its first training step. */
  readonly starts: readonly Start[];
  /** What a browser loads for that program. */
  readonly sizes: readonly Size[];
}

/** This machine. */
export const machine = (): Machine => ({
  processor: cpus()[0]?.model.trim() ?? "unknown",
  threads: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  system: `${platform()} ${release()} ${arch()}`,
});

/** Processes that wanted to run, mean of the last minute. */
export const load = (): number => Number(loadavg()[0].toFixed(2));

/** JSON with lists of numbers on one line, and no more digits than were measured. */
export const toJson = (findings: object): string =>
  `${JSON.stringify(findings, (_, value) => (typeof value === "number" ? Number(value.toPrecision(5)) : value), 2).replace(/\[\s+([-\d.,e+\s]+?)\s+\]/g, (_, list: string) => `[${list.replace(/\s+/g, " ")}]`)}\n`;
