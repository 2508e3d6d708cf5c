import { showShape } from "../shape.ts";
import type { Tape, TapeEntry } from "./tape.ts";

const label = (entry: TapeEntry): string => `${entry.op} ${showShape(entry.shape)}`;

const edges = (tape: Tape): { readonly from: number; readonly to: number }[] =>
  tape.entries.flatMap((entry) => entry.inputs.flatMap((input) => (input === null ? [] : [{ from: input, to: entry.index }])));

/** The tape as a graph in the DOT language of Graphviz: data flows downwards, leaves are boxes, modules are clusters. */
export function toDot(tape: Tape): string {
  const nodes = (entries: readonly TapeEntry[], indent: string): string[] =>
    entries.map(
      (entry) =>
        `${indent}n${entry.index} [label=${JSON.stringify(`${label(entry)}${entry.saved.length > 0 ? `\nsaves ${entry.saved.join(", ")}` : ""}`)}${entry.op === "leaf" ? ", shape=box" : ""}];`,
    );
  const modules = [...new Set(tape.entries.map((entry) => entry.module))];
  const clusters = modules.flatMap((module, k) => {
    const inside = tape.entries.filter((entry) => entry.module === module);
    return module === ""
      ? nodes(inside, "  ")
      : [`  subgraph cluster_${k} {`, `    label=${JSON.stringify(module)};`, ...nodes(inside, "    "), "  }"];
  });
  return [
    "digraph tape {",
    "  rankdir=TB;",
    "  node [shape=ellipse, fontname=monospace];",
    ...clusters,
    ...edges(tape).map(({ from, to }) => `  n${from} -> n${to};`),
    "}",
  ].join("\n");
}

/** The tape as a flowchart in Mermaid's language. */
export function toMermaid(tape: Tape): string {
  const nodes = tape.entries.map((entry) => (entry.op === "leaf" ? `  n${entry.index}["${label(entry)}"]` : `  n${entry.index}("${label(entry)}")`));
  return ["flowchart TB", ...nodes, ...edges(tape).map(({ from, to }) => `  n${from} --> n${to}`)].join("\n");
}

/** The tape as plain data, without the gradients' values and the nodes. */
export function toJSON(tape: Tape): object[] {
  return tape.entries.map(({ node: _, gradient, ...entry }) => ({ ...entry, inputs: [...entry.inputs], hasGradient: gradient !== null }));
}
