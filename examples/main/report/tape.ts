import { instance } from "@viz-js/viz";
import type { TapeBox } from "../anatomy.ts";
import { escape, numberText, shapeText } from "./html.ts";

/** Stand-ins that Graphviz knows for the page's colours. */
const colours = { "#000001": "var(--ink)", "#000002": "var(--soft)", "#000003": "var(--second)", "#000004": "var(--line)" } as const;
const [ink, soft, second, line] = Object.keys(colours);

const text = (content: string, colour: string, size: number, bold = false): string => {
  const inner = bold ? `<B>${escape(content)}</B>` : escape(content);
  return `<TR><TD ALIGN="CENTER"><FONT COLOR="${colour}" POINT-SIZE="${size}">${inner}</FONT></TD></TR>`;
};

const table = (rows: readonly string[]): string => `<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">${rows.join("")}</TABLE>>`;

function label(box: TapeBox): string {
  const rows = [text(box.title, ink, 13, true), text(shapeText(box.shape), ink, 11)];
  if (box.saved.length > 0) rows.push(text(`saves ${savedText(box.saved)}`, soft, 10));
  if (box.gradientNorm !== null) rows.push(text(`|∂L| = ${numberText(box.gradientNorm, 3)}`, second, 10));
  return table(rows);
}

/** "input 0", "input 1" → "inputs 0 and 1". */
function savedText(saved: readonly string[]): string {
  const inputs = saved.flatMap((what) => (what.startsWith("input ") ? [what.slice("input ".length)] : []));
  const others = saved.filter((what) => !what.startsWith("input "));
  return [...(inputs.length === 0 ? [] : [`input${inputs.length > 1 ? "s" : ""} ${inputs.join(" and ")}`]), ...others].join(", ");
}

/** Which boxes the data reach; they are drawn as one straight column. */
function dataFlow(tape: readonly TapeBox[]): boolean[] {
  const reached: boolean[] = [];
  for (const { inputs } of tape) reached.push(inputs.some((input) => (typeof input === "number" ? reached[input] : true)));
  return reached;
}

/** A tape in Graphviz's language: a box per entry, an edge per input, dashed boxes for data without a gradient. */
export function tapeDot(tape: readonly TapeBox[]): string {
  const lines: string[] = [];
  const flows = dataFlow(tape);
  tape.forEach((box, k) => {
    lines.push(`n${k} [id="tape-${k}", class="${box.kind}"${flows[k] ? ', group="flow"' : ""}, label=${label(box)}]`);
    box.inputs.forEach((input, position) => {
      if (typeof input === "number") {
        lines.push(`n${input} -> n${k} [class="${flows[input] ? "flow" : "side"}"]`);
        return;
      }
      const title = box.title === "matmul" ? "images" : box.title === "gather" || box.title === "crossEntropy" ? "labels" : "data";
      const id = `d${k}_${position}`;
      lines.push(
        `${id} [class="data", label=${table([text(title, ink, 13, true), text(shapeText(input.data), ink, 11)])}]`,
        `${id} -> n${k} [class="data"]`,
      );
    });
  });
  return `digraph tape {
  graph [rankdir=TB, bgcolor=transparent, nodesep=0.28, ranksep=0.26, pad=0.1]
  node [shape=box, style="rounded,filled", fillcolor=white, color="${line}", fontname="Helvetica", margin="0.14,0.05", height=0.3]
  edge [color="${line}", arrowsize=0.6, penwidth=1.3]
  ${lines.join("\n  ")}
}`;
}

/** The same tape as the list that it is: in the order in which the operations ran. */
export function tapeList(tape: readonly TapeBox[]): string {
  const rows = tape.map(({ title, kind, inputs, shape, saved }, k) => {
    const from = inputs.map((input) => (typeof input === "number" ? `%${input}` : "·")).join(" ");
    const cells = [`%${k}`, title, from, shape.length === 0 ? "scalar" : shape.join("×"), saved.length === 0 ? "" : savedText(saved)];
    return `<tr class="${kind}">${cells.map((cell) => `<td>${escape(cell)}</td>`).join("")}</tr>`;
  });
  return `<table class="list"><thead><tr><th></th><th>op</th><th>from</th><th>shape</th><th>saves</th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

/** A tape as SVG, laid out by Graphviz. */
export async function tapeGraph(tape: readonly TapeBox[]): Promise<string> {
  const viz = await instance();
  const svg = viz.renderString(tapeDot(tape), { format: "svg" });
  const inner = svg.slice(svg.indexOf("<svg")).replace(/<title>[\s\S]*?<\/title>/g, "");
  const themed = Object.entries(colours).reduce((all, [standIn, colour]) => all.replaceAll(standIn, colour), inner);
  return themed
    .replace("<svg", '<svg role="img" aria-label="The tape of one training step"')
    .replaceAll(' xmlns:xlink="http://www.w3.org/1999/xlink"', "");
}
