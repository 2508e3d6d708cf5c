import type { Expression } from "@gradtape/core";
import { bytesOf } from "../../memory/heap.ts";
import { arithmetic } from "./arithmetic.ts";
import type { FunctionName, Lanes } from "./lanes.ts";
import type { ViewClass } from "./loop.ts";
import { spellingOf } from "./spelling.ts";

// Nanoseconds, measured on one core of a server at 3 GHz; they only decide what is worth splitting.
const PER_BYTE = 0.015;
const QUICK = 0.03;
const DIVISION = 0.25;
const CURVE = 0.6;
const CALL = 15;

const divisions: ReadonlySet<FunctionName> = new Set<FunctionName>(["div", "reciprocal", "sqrt", "rsqrt"]);

/** About how many nanoseconds a loop takes for one element: its arithmetic, or the bytes that it moves, whichever is more. */
export function costOf(lanes: Lanes, views: readonly ViewClass[], expressions: readonly Expression[]): number {
  const seen = new Set<Expression>();
  let time = 0;
  const visit = (node: Expression): void => {
    if (node.kind !== "call" || seen.has(node)) return;
    seen.add(node);
    node.args.forEach(visit);
    const { fn, args } = node;
    if (spellingOf(lanes, node) === undefined) time += CALL;
    else if (divisions.has(fn)) time += DIVISION;
    else time += fn in arithmetic || (fn === "pow" && args[1].kind === "number") ? QUICK : CURVE;
  };
  expressions.forEach(visit);
  let bytes = 0;
  for (const { dtype, step } of views) if (step !== "zero") bytes += bytesOf[dtype];
  return Math.max((time * 4) / lanes.count, bytes * PER_BYTE);
}
