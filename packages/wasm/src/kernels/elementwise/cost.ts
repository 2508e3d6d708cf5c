import type { Expression } from "@gradtape/core";
import { bytesOf } from "../../memory/heap.ts";
import { arithmetic } from "./arithmetic.ts";
import type { FunctionName, Lanes } from "./lanes.ts";
import type { ViewClass } from "./loop.ts";
import { branching, type CallExpression, computedWide, isPlainPower } from "./spelling.ts";

// Nanoseconds, measured on one core of a server at 3 GHz; they only decide what is worth splitting.
const PER_BYTE = 0.015;
const DIVISION = 0.25;
const COSTS = { quick: 0.03, curve: 0.6, wide: 1.5, branching: 4 } as const;

const divisions: ReadonlySet<FunctionName> = new Set<FunctionName>(["div", "reciprocal", "sqrt", "rsqrt"]);

/** Curves of so many intermediate values that fewer vectors find registers. */
const broad: ReadonlySet<FunctionName> = new Set<FunctionName>(["erfc"]);

/** How a function is computed: by few instructions, by many, by many twice over in double precision, or in branches and turns. */
type Weight = keyof typeof COSTS;

function weightOf(lanes: Lanes, node: CallExpression): Weight {
  if (branching.has(node.fn)) return "branching";
  if (node.fn in arithmetic || isPlainPower(node)) return "quick";
  return lanes.count === 2 || computedWide.has(node.fn) ? "wide" : "curve";
}

/** What else decides how much a loop takes per turn. */
interface Turn {
  /** Tensors that it reads, element by element. */
  readonly reads: number;
  /** Whether the engine joins pairs of vectors. */
  readonly joinsPairs: boolean;
}

/** Fewer quick functions wait for memory alone. */
const FEW = 4;

/** Every different call in some expressions, once. */
function eachCall(expressions: readonly Expression[], visit: (call: CallExpression) => void): void {
  const seen = new Set<Expression>();
  const walk = (node: Expression): void => {
    if (node.kind !== "call" || seen.has(node)) return;
    seen.add(node);
    node.args.forEach(walk);
    visit(node);
  };
  expressions.forEach(walk);
}

/**
 * How many vectors a loop best takes per turn: several, so that a processor has enough to do while results are awaited; more for the long chains of curves,
 * as long as their intermediate values find registers, and where there is little to compute; few where branches keep them apart. A power of 2; an even one where an engine joins pairs.
 */
export function vectorsPerTurn(lanes: Lanes, expressions: readonly Expression[], { reads, joinsPairs }: Turn): number {
  const weights = new Set<Weight>();
  let isBroad = false;
  let quick = 0;
  eachCall(expressions, (node) => {
    weights.add(weightOf(lanes, node));
    if (broad.has(node.fn)) isBroad = true;
    quick += divisions.has(node.fn) ? FEW : 1;
  });
  if (weights.has("wide") || isBroad) return 4;
  if (weights.has("branching")) return 2;
  return weights.has("curve") || (quick < FEW && reads <= 2) ? 8 : joinsPairs ? 4 : 2;
}

/** About how many nanoseconds a loop takes for one element: its arithmetic, or the bytes that it moves, whichever is more. */
export function costOf(lanes: Lanes, views: readonly ViewClass[], expressions: readonly Expression[]): number {
  let time = 0;
  eachCall(expressions, (node) => {
    time += divisions.has(node.fn) ? DIVISION : COSTS[weightOf(lanes, node)];
  });
  let bytes = 0;
  for (const { dtype, step } of views) if (step !== "zero") bytes += bytesOf[dtype];
  return Math.max((time * 4) / lanes.count, bytes * PER_BYTE);
}
