import type { EngineRoof, Roof } from "./protocol.ts";
import type { Work } from "./workloads.ts";

/**
 * The least time that a workload can take on one thread, in milliseconds: its arithmetic at the rate of the fastest matrix product, and its memory at the
 * rate of a stream over as much memory. Nothing for workloads of pure overhead.
 */
export function leastTime({ flops = 0, bytes = 0, touched = bytes }: Work, roof: Roof | null): number | null {
  if (roof === null || flops + bytes === 0) return null;
  const stream = roof.streams.find((each) => each.touched >= touched) ?? roof.streams[roof.streams.length - 1];
  return (flops / roof.flops + bytes / stream.rate) * 1000;
}

/**
 * The same in an engine with a roof of its own: its arithmetic, and its divisions, which overlap with memory; nothing for workloads that only go through memory.
 */
export function leastTimeIn(engine: EngineRoof, { flops = 0, bytes = 0, touched, divisions = 0 }: Work, roof: Roof | null): number | null {
  if (flops + divisions === 0) return null;
  const memory = leastTime({ bytes, ...(touched !== undefined && { touched }) }, roof) ?? 0;
  return (flops / engine.flops) * 1000 + Math.max(memory, (divisions / engine.divisions) * 1000);
}

/** The higher of two measurements: the machine may have been busy during one of them. */
export function higher(a: Roof | null, b: Roof | null): Roof | null {
  if (a === null || b === null) return a ?? b;
  return {
    flops: Math.max(a.flops, b.flops),
    streams: a.streams.map(({ touched, rate }, k) => ({ touched, rate: Math.max(rate, b.streams[k].rate) })),
  };
}
