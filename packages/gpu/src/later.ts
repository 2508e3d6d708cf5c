import { composeKernel, type Expression, type Kernel } from "@gradtape/core";
import type { Sheet } from "./pool.ts";

/** A formula over whole textures that waits until somebody asks for its values; a formula over its result may take it in before. */
export interface Later {
  readonly kernel: Kernel;
  /** Textures that it reads; the pool keeps them as they are. */
  readonly sheets: readonly Sheet[];
  readonly uniforms: readonly number[];
  /** Whether a formula took it in: the next one that asks has it computed, so that nothing is computed more than twice. */
  taken: boolean;
}

/** Functions that cost a GPU next to nothing beside the access to a texture. */
const cheap: ReadonlySet<string> = new Set(
  "add sub mul div neg abs min max where lt le gt ge eq ne and or not sqrt floor ceil trunc round sign clamp".split(" "),
);

/** Cheap functions in a formula that others may take in; what it computes is computed again if somebody asks for it too. */
const COST_LIMIT = 24;
const SHEET_LIMIT = 8;

const costs = new WeakMap<Kernel, number>();

/** Cheap functions in a formula; infinitely many where one is not. */
function costOf(kernel: Kernel): number {
  let cost = costs.get(kernel);
  if (cost === undefined) {
    const seen = new Set<Expression>();
    const visit = (node: Expression): number => {
      if (node.kind !== "call" || seen.has(node)) return 0;
      seen.add(node);
      return node.args.reduce((sum, arg) => sum + visit(arg), cheap.has(node.fn) ? 1 : Infinity);
    };
    cost = visit(kernel.outputs[0].expression);
    costs.set(kernel, cost);
  }
  return cost;
}

/** Whether a formula that reads `sheets` more textures may take this one in. */
export const fits = (later: Later, sheets: number): boolean =>
  !later.taken && later.sheets.length + sheets <= SHEET_LIMIT && costOf(later.kernel) <= COST_LIMIT;

const ids = new WeakMap<Kernel, number>();
let known = 0;

/** A number for a kernel, for keys. */
export function idOf(kernel: Kernel): number {
  let id = ids.get(kernel);
  if (id === undefined) ids.set(kernel, (id = known++));
  return id;
}

const isLater = (operand: Sheet | Later): operand is Later => "kernel" in operand;

/** Joined kernels that are remembered. */
const JOINED_LIMIT = 4000;

/** Joined kernels by the formulas and the textures that they share: programs are found by kernel. */
const joined = new Map<string, Kernel>();

/** A formula over textures and over results that wait, as one. */
export function join(kernel: Kernel, operands: readonly (Sheet | Later)[], uniforms: readonly number[]): Later {
  if (!operands.some(isLater)) return { kernel, sheets: operands as readonly Sheet[], uniforms, taken: false };
  const sheets: Sheet[] = [];
  const slotOf = (sheet: Sheet): number => (sheets.includes(sheet) ? sheets.indexOf(sheet) : sheets.push(sheet) - 1);
  const slots = operands.map((operand) => (isLater(operand) ? operand.sheets.map(slotOf) : [slotOf(operand)]));
  const key = `${idOf(kernel)}(${operands.map((operand, k) => (isLater(operand) ? `${idOf(operand.kernel)}[${slots[k]}]` : slots[k])).join(";")})`;
  let made = joined.get(key);
  if (made === undefined) {
    made = composeKernel(
      kernel,
      operands.map((operand, k) => ({ kernel: isLater(operand) ? operand.kernel : undefined, tensors: slots[k] })),
    );
    if (joined.size >= JOINED_LIMIT) joined.clear();
    joined.set(key, made);
  }
  const values = [...uniforms, ...operands.flatMap((operand) => (isLater(operand) ? operand.uniforms : []))];
  const named = Object.fromEntries(values.map((value, k) => [`u${k}`, value]));
  return { kernel: made, sheets, uniforms: made.uniformValues(named), taken: false };
}
