import { createInterface } from "node:readline";
import { digest } from "./digest.ts";
import type { Checked, EngineRoof, Question, Timed } from "./protocol.ts";

/** A workload, ready to run. */
export interface Job {
  /** What is timed; a promise is awaited. */
  run(): unknown;
  /** Back to the start, before each round. */
  reset?(): unknown;
  /** The outputs that are checked, computed by `run` from a fresh start. */
  outputs(): readonly ArrayLike<number>[] | Promise<readonly ArrayLike<number>[]>;
  /** How often `outputs` runs it. Default 1. */
  readonly steps?: number;
  /** Most runs of a round. */
  readonly most?: number;
  dispose?(): unknown;
}

/** A peer: its workloads by name, each made when it is asked for; a text says why there is none. */
export type Jobs = Readonly<Record<string, string | (() => Job | Promise<Job>)>>;

async function repeat(job: Job, runs: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < runs; i++) {
    const pending = job.run();
    if (pending instanceof Promise) await pending;
  }
  return performance.now() - start;
}

/** Milliseconds for which a workload runs before it is timed, so that engines have compiled what they want to compile. */
const WARMING = 800;

/** How many runs fill a round. On the way the engine optimizes what it runs; rounds that a workload keeps short are repeated until it is warm. */
async function calibrate(job: Job, milliseconds: number): Promise<number> {
  const most = job.most ?? 1e7;
  const start = performance.now();
  for (let runs = 1; ; ) {
    await job.reset?.();
    const taken = await repeat(job, runs);
    const fills = taken > milliseconds / 2 || runs === most;
    if (!fills) runs = Math.min(most, runs * 2);
    else if (performance.now() - start > Math.min(WARMING, 10 * milliseconds))
      return Math.max(1, Math.min(most, Math.round((runs * milliseconds) / taken)));
  }
}

async function time(job: Job, runs: number): Promise<Timed> {
  await job.reset?.();
  await repeat(job, Math.min(2, runs));
  const before = process.cpuUsage();
  const ms = await repeat(job, runs);
  const { user, system } = process.cpuUsage(before);
  return { runs, ms: ms / runs, cpu: (user + system) / 1000 / runs };
}

async function check(job: Job, optimizer: string | undefined): Promise<Checked> {
  await job.reset?.();
  const start = performance.now();
  const outputs = await job.outputs();
  const ms = (performance.now() - start) / (job.steps ?? 1);
  return { ms, outputs: outputs.map(digest), ...(optimizer === undefined ? {} : { optimizer }) };
}

/** What a peer tells of itself: what it runs on, an optimizer other than the workloads', and what bounds its engine. */
export interface Introduction {
  readonly ready: string;
  readonly optimizer?: string;
  readonly roof?: () => EngineRoof;
}

/** Answers questions until standard input ends. One workload lives at a time. */
export async function serve(jobs: Jobs, { ready, optimizer, roof }: Introduction): Promise<void> {
  const say = (answer: object): unknown => process.stdout.write(`${JSON.stringify(answer)}\n`);
  let current: { name: string; job: Job; runs: number } | undefined;
  say({ ready });
  for await (const line of createInterface({ input: process.stdin })) {
    const { ask, workload: name, milliseconds } = JSON.parse(line) as Question;
    const make = jobs[name];
    try {
      if (ask === "roof") say(roof?.() ?? { missing: "the engine's roof is not known" });
      else if (typeof make !== "function") say({ missing: make ?? "not written for this peer" });
      else {
        if (current?.name !== name) {
          await current?.job.dispose?.();
          current = undefined;
          current = { name, job: await make(), runs: 0 };
        }
        if (ask === "check") say(await check(current.job, optimizer));
        else {
          current.runs ||= await calibrate(current.job, milliseconds);
          say(await time(current.job, current.runs));
        }
      }
    } catch (error) {
      say({ error: error instanceof Error ? error.message : String(error) });
    }
  }
  process.exit(0);
}
