import type { Digest } from "./digest.ts";

/** What the harness asks of a peer, as one line of JSON on its standard input. */
export interface Question {
  readonly ask: "check" | "time" | "roof";
  readonly workload: string;
  /** How long a round should take. */
  readonly milliseconds: number;
}

/** The first line of a peer: what it runs on, and what it set. */
export interface Ready {
  readonly ready: string;
}

/** The outputs of a workload from a fresh start. */
export interface Checked {
  readonly outputs: readonly Digest[];
  /** Time of one run, the first included. */
  readonly ms: number;
  /** Where the peer does not do quite what the workload says: the optimizer's name. */
  readonly optimizer?: string;
}

/** One round: time and processor time of one run. */
export interface Timed {
  readonly runs: number;
  readonly ms: number;
  readonly cpu: number;
}

/** What bounds every peer on this machine. */
export interface Roof {
  /** Operations per second of the fastest matrix product. */
  readonly flops: number;
  /** Bytes read and written per second, by how much memory is touched, the least first. */
  readonly streams: readonly { readonly touched: number; readonly rate: number }[];
}

/** What bounds an engine that cannot use all of the machine. */
export interface EngineRoof {
  /** Operations per second of its fastest matrix product. */
  readonly flops: number;
  /** Divisions by a square root per second, of numbers that lie in a cache. */
  readonly divisions: number;
}

/** There is no answer: the peer lacks what the workload needs, or failed. */
export interface Without {
  readonly missing?: string;
  readonly error?: string;
}

/** A peer's answer, as one line of JSON on its standard output. */
export type Answer<T> = T | Without;

export const isWithout = (answer: object): answer is Without => "missing" in answer || "error" in answer;
