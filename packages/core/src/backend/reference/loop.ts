import type { TypedArray } from "../../dtype.ts";
import { type Expression, functions } from "../../formula/index.ts";
import type { Kernel } from "../kernel.ts";

/** A compiled kernel: walks `length` elements from `starts`, one array, start and step per view (inputs, then outputs). */
export type Loop = (arrays: readonly TypedArray[], starts: Int32Array, steps: readonly number[], uniforms: readonly number[], length: number) => void;

type Meaning = (...values: number[]) => number;

/** The kernel's distinct nodes, arguments before their users, with the slot of each. */
function schedule(kernel: Kernel): { nodes: Expression[]; slotOf: Map<Expression, number> } {
  const nodes: Expression[] = [];
  const slotOf = new Map<Expression, number>();
  const visit = (expression: Expression): void => {
    if (slotOf.has(expression)) return;
    if (expression.kind === "call") expression.args.forEach(visit);
    slotOf.set(expression, nodes.length);
    nodes.push(expression);
  };
  for (const output of kernel.outputs) visit(output.expression);
  return { nodes, slotOf };
}

const infix: Readonly<Record<string, string>> = { add: "+", sub: "-", mul: "*", div: "/" };
const comparison: Readonly<Record<string, string>> = { lt: "<", le: "<=", gt: ">", ge: ">=", eq: "===", ne: "!==" };

function printCall(fn: string, args: readonly string[]): string {
  if (fn in infix) return `${args[0]} ${infix[fn]} ${args[1]}`;
  if (fn in comparison) return `${args[0]} ${comparison[fn]} ${args[1]} ? 1 : 0`;
  if (fn === "neg") return `-${args[0]}`;
  if (fn === "square") return `${args[0]} * ${args[0]}`;
  if (fn === "where") return `${args[0]} !== 0 ? ${args[1]} : ${args[2]}`;
  return `f.${fn}(${args.join(", ")})`;
}

/** Prints the kernel as one fused JavaScript loop. Loads come before stores, so outputs may be inputs. */
function printLoop(kernel: Kernel): string {
  const { nodes, slotOf } = schedule(kernel);
  const inputs = kernel.inputs.length;
  const views = inputs + kernel.outputs.length;
  const each = (line: (k: number) => string): string => Array.from({ length: views }, (_, k) => line(k)).join(" ");
  const value = (node: Expression, slot: number): string => {
    if (node.kind === "number") return Number.isFinite(node.value) ? (Object.is(node.value, -0) ? "-0" : `${node.value}`) : `${node.value}`;
    if (node.kind === "call")
      return printCall(
        node.fn,
        node.args.map((arg) => `x${slotOf.get(arg)}`),
      );
    const input = kernel.inputs.indexOf(node.name);
    if (input >= 0) return `a${input}[i${input}]`;
    const uniform = kernel.uniforms.indexOf(node.name);
    if (uniform < 0) throw new Error(`map: ${node.name} (slot ${slot}) is neither a tensor nor a scalar of the kernel`);
    return `u${uniform}`;
  };
  const once = nodes.map((node, slot) => ({ node, line: `const x${slot} = ${value(node, slot)};` }));
  const constant = (node: Expression): boolean => node.kind === "number" || (node.kind === "name" && !kernel.inputs.includes(node.name));
  return [
    each((k) => `const a${k} = arrays[${k}], s${k} = steps[${k}]; let i${k} = starts[${k}];`),
    ...kernel.uniforms.map((_, k) => `const u${k} = uniforms[${k}];`),
    ...once.filter(({ node }) => constant(node)).map(({ line }) => line),
    "for (let n = 0; n < length; n++) {",
    ...once.filter(({ node }) => !constant(node)).map(({ line }) => `  ${line}`),
    ...kernel.outputs.map((output, k) => `  a${inputs + k}[i${inputs + k}] = x${slotOf.get(output.expression)};`),
    `  ${each((k) => `i${k} += s${k};`)}`,
    "}",
  ].join("\n");
}

/** The same loop without code generation, for pages whose policy forbids `unsafe-eval`: one call per node and element. */
export function interpretedLoop(kernel: Kernel): Loop {
  const { nodes, slotOf } = schedule(kernel);
  const slots = new Float64Array(nodes.length);
  const inputs = kernel.inputs.length;
  const steps = nodes.map((node, slot): ((arrays: readonly TypedArray[], at: Int32Array, uniforms: readonly number[]) => void) => {
    if (node.kind === "number") return () => void (slots[slot] = node.value);
    if (node.kind === "name") {
      const input = kernel.inputs.indexOf(node.name);
      const uniform = kernel.uniforms.indexOf(node.name);
      return input >= 0 ? (arrays, at) => void (slots[slot] = arrays[input][at[input]]) : (_, __, uniforms) => void (slots[slot] = uniforms[uniform]);
    }
    const meaning = meanings[node.fn];
    const args = node.args.map((arg) => slotOf.get(arg) as number);
    return () => void (slots[slot] = meaning(...args.map((arg) => slots[arg])));
  });
  const results = kernel.outputs.map((output) => slotOf.get(output.expression) as number);
  return (arrays, starts, strides, uniforms, length) => {
    const at = Int32Array.from(starts);
    for (let n = 0; n < length; n++) {
      for (const step of steps) step(arrays, at, uniforms);
      results.forEach((slot, k) => {
        arrays[inputs + k][at[inputs + k]] = slots[slot];
      });
      for (let k = 0; k < at.length; k++) at[k] += strides[k];
    }
  };
}

const meanings: Readonly<Record<string, Meaning>> = Object.fromEntries(Object.entries(functions).map(([fn, row]) => [fn, row.evaluate as Meaning]));

let mayGenerate = true;

/** Compiles a kernel to a loop by generated code, or to the interpreted one where the page forbids that. */
export function compileLoop(kernel: Kernel): Loop {
  if (mayGenerate) {
    try {
      return new Function("f", `"use strict"; return (arrays, starts, steps, uniforms, length) => {\n${printLoop(kernel)}\n};`)(meanings) as Loop;
    } catch (error) {
      if (!(error instanceof EvalError)) throw error;
      mayGenerate = false;
    }
  }
  return interpretedLoop(kernel);
}
