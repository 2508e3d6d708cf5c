import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { History } from "../training.ts";

/** Steps that are drawn as one point: their mean, lowest and highest value. */
interface Bin {
  readonly step: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

const size = { width: 560, height: 300, marginLeft: 52, marginRight: 20, marginBottom: 40, marginTop: 22 };

/** Numbers of single steps in at most 140 bins. */
function bins(values: readonly number[]): Bin[] {
  const width = Math.max(1, Math.ceil(values.length / 140));
  return Array.from({ length: Math.ceil(values.length / width) }, (_, k) => {
    const part = values.slice(k * width, (k + 1) * width);
    const mean = part.reduce((sum, value) => sum + value, 0) / part.length;
    return { step: k * width + (part.length + 1) / 2, mean, low: Math.min(...part), high: Math.max(...part) };
  });
}

/** A plot as SVG text that takes its colours from the page; `label` is what it shows, for those who cannot see it. */
export function draw(label: string, options: Plot.PlotOptions): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const figure = Plot.plot({
    ...size,
    ...options,
    document: document as unknown as Document,
    style: { background: "transparent", fontSize: "12px" },
    x: { label: "step", nice: false, ticks: 6, ...options.x },
  });
  figure.setAttribute("role", "img");
  figure.setAttribute("aria-label", label);
  return figure.outerHTML.replace(/<style>[\s\S]*?<\/style>/g, "").replaceAll('xmlns:xlink="http://www.w3.org/1999/xlink"', "");
}

const curve = (rows: readonly Bin[], colour: string): Plot.Markish[] => [
  Plot.areaY(rows, { x: "step", y1: "low", y2: "high", fill: colour, fillOpacity: 0.14 }),
  Plot.lineY(rows, { x: "step", y: "mean", stroke: colour, strokeWidth: 2, strokeLinejoin: "round" }),
];

const tests = (evaluations: History["evaluations"], value: "loss" | "accuracy", text: (value: number) => string): Plot.Markish[] => [
  Plot.lineY(evaluations, { x: "step", y: value, stroke: "var(--second)", strokeWidth: 1.5, strokeDasharray: "2 3" }),
  Plot.dot(evaluations, { x: "step", y: value, fill: "var(--second)", r: 4, stroke: "var(--card)", strokeWidth: 1.5 }),
  Plot.text(evaluations.slice(-1), {
    x: "step",
    y: value,
    text: (row: { loss: number; accuracy: number }) => text(row[value]),
    dy: value === "loss" ? -12 : 16,
    textAnchor: "end",
    fontWeight: "600",
    fill: "var(--second)",
    stroke: "var(--card)",
    strokeWidth: 4,
  }),
];

const grid = Plot.gridY({ stroke: "currentColor", strokeOpacity: 0.09 });

/** The loss of the batches, and of the test set, as SVG. */
export function lossCurve({ losses, evaluations }: History): string {
  const marks = [grid, Plot.ruleY([0], { strokeOpacity: 0.3 }), ...curve(bins(losses), "var(--first)")];
  return draw("Loss by step", {
    y: { label: "cross-entropy", ticks: 5 },
    marks: [...marks, ...tests(evaluations, "loss", (value) => value.toFixed(3))],
  });
}

/** The share of right answers in the batches, and in the test set, as SVG. */
export function accuracyCurve({ accuracies, evaluations }: History): string {
  const rows = bins(accuracies);
  const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
  return draw("Accuracy by step", {
    y: { label: "accuracy", ticks: 5, tickFormat: (value: number) => `${Math.round(100 * value)} %`, domain: [0, 1] },
    marks: [grid, Plot.ruleY([0], { strokeOpacity: 0.3 }), ...curve(rows, "var(--first)"), ...tests(evaluations, "accuracy", percent)],
  });
}

/** The learning rate of every step, as SVG, with the step that the report takes apart. */
export function scheduleCurve(rateAt: (step: number) => number, steps: number, marked: number): string {
  const stride = Math.max(1, Math.ceil(steps / 400));
  const rows = Array.from({ length: Math.ceil(steps / stride) }, (_, k) => 1 + k * stride)
    .concat(steps)
    .map((step) => ({ step, rate: rateAt(step - 1) }));
  const dot = [{ step: marked, rate: rateAt(marked - 1) }];
  return draw("Learning rate by step", {
    width: 1140,
    height: 220,
    marginLeft: 64,
    y: { label: "learning rate", ticks: 4, tickFormat: (value: number) => (value === 0 ? "0" : value.toExponential(0)), zero: true },
    marks: [
      grid,
      Plot.ruleY([0], { strokeOpacity: 0.3 }),
      Plot.areaY(rows, { x: "step", y: "rate", fill: "var(--first)", fillOpacity: 0.1 }),
      Plot.lineY(rows, { x: "step", y: "rate", stroke: "var(--first)", strokeWidth: 2 }),
      Plot.dot(dot, { x: "step", y: "rate", fill: "var(--second)", r: 4.5, stroke: "var(--card)", strokeWidth: 1.5 }),
      Plot.text(dot, {
        x: "step",
        y: "rate",
        text: () => `step ${marked}, taken apart below`,
        textAnchor: "start",
        dx: 10,
        dy: -6,
        fontWeight: "600",
        fill: "var(--second)",
      }),
    ],
  });
}
