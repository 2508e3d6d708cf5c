import type { Roof } from "./protocol.ts";
import type { Work } from "./workloads.ts";

/**
 * The least time that a workload can take on one thread, in milliseconds: its arithmetic at the rate of the fastest matrix product, and its memory at the
 * rate of a stream over as much memory. Nothing for workloads of pure overhead.
 */
export function leastTime({ flops = 0, bytes = 0, touched = bytes }: Work, roof: Roof | undefined): number | undefined {
  if (roof === undefined || flops + bytes === 0) return undefined;
  const stream = roof.streams.find((each) => each.touched >= touched) ?? roof.streams[roof.streams.length - 1];
  return (flops / roof.flops + bytes / stream.rate) * 1000;
}
