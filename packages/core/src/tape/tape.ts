import type { DType } from "../dtype.ts";
import type { ElementwiseOp } from "../ops/elementwise.ts";
import { type Shape, showShape } from "../shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { toDot, toJSON, toMermaid } from "./diagram.ts";
import { nodesBefore } from "./graph.ts";
import type { TapeNode } from "./node.ts";
import { backpropagate, rootGradient } from "./pass.ts";
import { pathOf } from "./scope.ts";

/** One line of a tape as it is read: plain data, in the order in which the operations ran. */
export interface TapeEntry {
  /** Position on this tape, from 0. */
  readonly index: number;
  /** Operation, or "leaf". */
  readonly op: string;
  /** The formula of an elementwise operation. */
  readonly formula: string | undefined;
  readonly shape: Shape;
  readonly dtype: DType;
  /** Positions of the inputs; `null` for an input through which no gradient flows. */
  readonly inputs: readonly (number | null)[];
  /** Options of the operation, such as the dimensions of a sum. */
  readonly attrs: unknown;
  /** What is kept for the backward pass: "input 0", "output". */
  readonly saved: readonly string[];
  /** Path of the module in which it ran ("layers.0.linear"); "" outside of any. */
  readonly module: string;
  /** Line that called it, where it was recorded inside `withSources` or `detectAnomaly`. */
  readonly source: string | undefined;
  /** Gradient for each input, as formula text over `g`, the inputs and the result `y`; "" where the operation has no formula. */
  readonly rules: readonly string[];
  /** The gradient that `backward()` left here: on leaves, and where `retainGrad()` asked for it. */
  readonly gradient: Tensor | null;
  /** The node itself. */
  readonly node: TapeNode;
}

/** One step of a backward pass along a tape. */
export interface TapeStep {
  readonly entry: TapeEntry;
  /** Gradient of the root with respect to this entry's output. */
  readonly incoming: Tensor;
  /** What this step adds to the gradient of each input; `null` where none flows. */
  readonly outgoing: readonly (Tensor | null)[];
}

/** The operations on which a tensor depends, in the order in which they ran (a Wengert list; Wengert 1964). */
export class Tape implements Iterable<TapeEntry> {
  readonly entries: readonly TapeEntry[];

  private constructor(entries: readonly TapeEntry[]) {
    this.entries = entries;
  }

  /** Reads the tape of one tensor or several. An error when none of them requires a gradient. Read it before `backward()` to see what is saved. */
  static of(...outputs: Tensor[]): Tape {
    const roots = outputs.flatMap((output) => (output.node === null ? [] : [output.node]));
    if (roots.length === 0) throw new Error("Tape.of: none of the tensors requires a gradient, so nothing was recorded");
    const nodes = nodesBefore(roots);
    const index = new Map(nodes.map((node, k) => [node, k]));
    return new Tape(
      nodes.map((node, k) => ({
        index: k,
        op: node.name,
        formula: node.op?.formula,
        shape: node.shape,
        dtype: node.dtype,
        inputs: node.edges.map((edge) => (edge === null ? null : (index.get(edge) as number))),
        attrs: node.attrs,
        saved: savedBy(node),
        module: pathOf(node.scope),
        source: node.source,
        rules: (node.op as Partial<ElementwiseOp> | null)?.rules?.() ?? [],
        gradient: node.grad,
        node,
      })),
    );
  }

  /** Number of entries. */
  get length(): number {
    return this.entries.length;
  }

  [Symbol.iterator](): Iterator<TapeEntry> {
    return this.entries[Symbol.iterator]();
  }

  /** The graph in the DOT language of Graphviz. */
  toDot(): string {
    return toDot(this);
  }

  /** The graph as a flowchart in Mermaid's language. */
  toMermaid(): string {
    return toMermaid(this);
  }

  /** The entries as plain data, for tools. */
  toJSON(): object[] {
    return toJSON(this);
  }

  /**
   * The backward pass from `root`, node by node: entry, gradient that arrives, gradients that leave. Nothing is freed and no `grad` is touched, so that a tool
   * can step forward and back through the list.
   */
  backwardSteps(root: Tensor, options: { readonly gradient?: Tensor } = {}): TapeStep[] {
    const start = rootGradient("backwardSteps", root, options.gradient);
    const entryOf = new Map(this.entries.map((entry) => [entry.node, entry]));
    const steps: TapeStep[] = [];
    backpropagate({ roots: [start], options: { retainGraph: true } }, ({ node, incoming, outgoing }) => {
      const entry = entryOf.get(node);
      if (entry === undefined) throw new Error(`backwardSteps: ${node.name} of the root is not on this tape; use Tape.of(root)`);
      steps.push({ entry, incoming, outgoing });
    });
    return steps;
  }

  /** A table: position, operation, inputs, shape, what is saved. */
  toString(): string {
    const rows = this.entries.map((entry) => [
      `%${entry.index}`,
      entry.op,
      entry.inputs.map((input) => (input === null ? "·" : `%${input}`)).join(" "),
      `${entry.dtype} ${showShape(entry.shape)}`,
      entry.saved.join(", "),
      entry.module,
    ]);
    const table = [["", "op", "inputs", "output", "saved", "module"], ...rows];
    const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
    return table
      .map((row) =>
        row
          .map((cell, column) => cell.padEnd(widths[column]))
          .join("  ")
          .trimEnd(),
      )
      .join("\n");
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

function savedBy(node: TapeNode): string[] {
  const { saved } = node;
  if (saved === null) return [];
  const inputs = saved.inputs.flatMap((input, k) => (input instanceof Tensor ? [`input ${k}`] : []));
  return saved.output === undefined ? inputs : [...inputs, "output"];
}
