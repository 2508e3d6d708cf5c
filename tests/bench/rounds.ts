import { type Expectation, mistake } from "./digest.ts";
import type { Peer } from "./process.ts";
import { type Checked, isWithout, type Timed, type Without } from "./protocol.ts";
import { median, quantile, ratio, spread } from "./statistics.ts";
import type { Workload } from "./workloads.ts";

/** What a peer did on a workload. */
export interface Result {
  readonly peer: string;
  /** Time of one run in milliseconds: of each round, their median and least, and how far apart the quartiles are, relative to the median. */
  readonly rounds: readonly number[];
  readonly median: number;
  readonly best: number;
  readonly spread: number;
  /** Median processor time of one run in milliseconds, all threads together. */
  readonly cpu: number;
  /** Time relative to the reference: median of the ratios round by round. */
  readonly ratio: number | null;
  /** Set where the first run took so long that it was the only one, preparation included. */
  readonly once?: true;
}

/** Why there is no time: the peer lacks something, failed, or computed something else. */
export interface NoResult {
  readonly peer: string;
  readonly why: string;
}

/** How to measure. */
export interface Rounds {
  readonly rounds: number;
  /** Length of a round of one peer. */
  readonly milliseconds: number;
  /** Name of the peer that ratios refer to. */
  readonly reference: string;
  /** Called before each question. */
  readonly progress?: (peer: string, round: number) => void;
}

/** A first run that takes longer, in milliseconds, stands for itself: nothing is repeated. */
const ENDLESS = 15_000;
/** When a peer had this long for a workload, in milliseconds, it gets no further round. */
const ENOUGH = 4000;

interface Tally {
  readonly peer: Peer;
  readonly times: number[];
  readonly cpu: number[];
  spent: number;
  once: boolean;
  why: string | undefined;
}

/** Checks what each peer computes, before any of its times counts. */
async function check(workload: Workload, tallies: readonly Tally[], { milliseconds, progress }: Rounds): Promise<void> {
  const expected = new Map<string, readonly Expectation[]>();
  for (const tally of tallies) {
    progress?.(tally.peer.name, 0);
    const answer = await tally.peer.ask<Checked>({ ask: "check", workload: workload.name, milliseconds });
    if (isWithout(answer)) {
      tally.why = reason(answer);
      continue;
    }
    const optimizer = answer.optimizer ?? "AdamW";
    if (!expected.has(optimizer)) expected.set(optimizer, workload.expected(optimizer));
    const tolerance = answer.optimizer === undefined ? workload.tolerance : (workload.coarse ?? workload.tolerance);
    const wrong = mistake(answer.outputs, expected.get(optimizer) ?? [], tolerance);
    if (wrong !== undefined) tally.why = `wrong result, not timed: ${wrong}`;
    else if (answer.ms > ENDLESS) {
      tally.once = true;
      tally.times.push(answer.ms);
    }
  }
}

/** Runs a workload on all peers in turn, round by round, so that a comparison holds while the speed of the machine drifts. */
export async function measure(workload: Workload, peers: readonly Peer[], how: Rounds): Promise<(Result | NoResult)[]> {
  const tallies: Tally[] = peers.map((peer) => ({ peer, times: [], cpu: [], spent: 0, once: false, why: undefined }));
  await check(workload, tallies, how);
  for (let round = 1; round <= how.rounds; round++)
    for (const tally of tallies) {
      if (tally.once || tally.why !== undefined || tally.spent > ENOUGH) continue;
      how.progress?.(tally.peer.name, round);
      const start = performance.now();
      const answer = await tally.peer.ask<Timed>({ ask: "time", workload: workload.name, milliseconds: how.milliseconds });
      tally.spent += performance.now() - start;
      if (isWithout(answer)) tally.why = reason(answer);
      else {
        tally.times.push(answer.ms);
        tally.cpu.push(answer.cpu);
      }
    }
  const against = tallies.find(({ peer, why }) => peer.name === how.reference && why === undefined);
  return tallies.map((tally) => summary(tally, against));
}

const reason = ({ missing, error }: Without): string => missing ?? `failed: ${error}`;

function summary({ peer, times, cpu, once, why }: Tally, against: Tally | undefined): Result | NoResult {
  if (why !== undefined) return { peer: peer.name, why };
  return {
    peer: peer.name,
    median: median(times),
    best: quantile(times, 0),
    spread: spread(times),
    cpu: once ? times[0] : median(cpu),
    ratio: against === undefined ? null : ratio(times, against.times),
    rounds: times,
    ...(once ? { once: true as const } : {}),
  };
}

export const isResult = (result: Result | NoResult): result is Result => !("why" in result);
