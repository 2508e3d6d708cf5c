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

/** Whether the machine computes a call in one instruction or a few. */
const isQuick = (fn: FunctionName, args: readonly Expression[]): boolean => fn in arithmetic || (fn === "pow" && args[1].kind === "number");

/** Every different call in some expressions, once. */
function eachCall(expressions: readonly Expression[], visit: (call: Extract<Expression, { kind: "call" }>) => void): void {
  const seen = new Set<Expression>();
  const walk = (node: Expression): void => {
    if (node.kind !== "call" || seen.has(node)) return;
    seen.add(node);
    node.args.forEach(walk);
    visit(node);
  };
  expressions.forEach(walk);
}

/** Whether some expressions have functions that take many instructions. */
export function hasCurves(expressions: readonly Expression[]): boolean {
  let found = false;
  eachCall(expressions, ({ fn, args }) => void (found ||= !isQuick(fn, args)));
  return found;
}

/** About how many nanoseconds a loop takes for one element: its arithmetic, or the bytes that it moves, whichever is more. */
export function costOf(lanes: Lanes, views: readonly ViewClass[], expressions: readonly Expression[]): number {
  let time = 0;
  eachCall(expressions, (node) => {
    if (spellingOf(lanes, node) === undefined) time += CALL;
    else if (divisions.has(node.fn)) time += DIVISION;
    else time += isQuick(node.fn, node.args) ? QUICK : CURVE;
  });
  let bytes = 0;
  for (const { dtype, step } of views) if (step !== "zero") bytes += bytesOf[dtype];
  return Math.max((time * 4) / lanes.count, bytes * PER_BYTE);
}
