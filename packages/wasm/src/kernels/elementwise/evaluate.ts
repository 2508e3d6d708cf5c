import type { Expression, Kernel } from "@gradtape/core";
import type { Local } from "../../assembler/index.ts";
import { type Lanes, type Operand, single, type VectorCode } from "./lanes.ts";
import { spellingOf } from "./spelling.ts";

/**
 * The uniforms that single precision multiplies by instead of dividing, by number: those that divide inside a larger formula. Their reciprocals
 * follow the uniforms, rounded once from float64, which loses no more than rounding the uniform itself does. A division alone stays one.
 */
export function reciprocalsOf(kernel: Kernel, lanes: Lanes): number[] {
  if (lanes !== single) return [];
  const found = new Set<number>();
  const seen = new Set<Expression>();
  const visit = (node: Expression): void => {
    if (node.kind !== "call" || seen.has(node)) return;
    seen.add(node);
    const divisor = node.fn === "div" ? node.args[1] : undefined;
    if (divisor?.kind === "name" && kernel.uniforms.includes(divisor.name) && !isOutput(kernel, node))
      found.add(kernel.uniforms.indexOf(divisor.name));
    node.args.forEach(visit);
  };
  for (const { expression } of kernel.outputs) visit(expression);
  return [...found];
}

const isOutput = (kernel: Kernel, node: Expression): boolean => kernel.outputs.some(({ expression }) => expression === node);

/** The values of expressions; common parts are computed once. `valueOf` gives the variable of a name, `reciprocals` those of names by which one divides. */
export function evaluate(
  v: VectorCode,
  expressions: readonly Expression[],
  valueOf: (name: string) => Local | undefined,
  reciprocals: ReadonlyMap<string, Local> = new Map(),
): Operand[] {
  const done = new Map<Expression, Operand>();
  const visit = (node: Expression): Operand => {
    let result = done.get(node);
    if (result === undefined) {
      result = compute(node);
      done.set(node, result);
    }
    return result;
  };
  const compute = (node: Expression): Operand => {
    if (node.kind === "number") return { code: v.constant(node.value), mask: false, literal: node.value };
    if (node.kind === "name") {
      const code = valueOf(node.name);
      if (code === undefined) throw new Error(`map: ${node.name} is neither a tensor nor a scalar of the kernel`);
      return { code, mask: false };
    }
    const divisor = node.fn === "div" ? node.args[1] : undefined;
    const reciprocal = divisor?.kind === "name" && !expressions.includes(node) ? reciprocals.get(divisor.name) : undefined;
    if (reciprocal !== undefined) return { code: v.let(v.lanes.ops.mul(v.number(visit(node.args[0])), reciprocal)), mask: false };
    return spellingOf(v.lanes, node)(v, ...node.args.map(visit));
  };
  return expressions.map(visit);
}
