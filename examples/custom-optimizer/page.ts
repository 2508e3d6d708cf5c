import * as Plot from "@observablehq/plot";
import { toLatex } from "gradtape";
import { draw } from "../main/report/curves.ts";
import { escape, mathml, numberText } from "../main/report/html.ts";
import { page, section } from "../shell/page.ts";
import { clippedAdam, uncorrectedAdam } from "./rules.ts";

/** A pair of curves: Adam as it is, and as it was changed. */
export interface Pair {
  readonly plain: readonly number[];
  readonly changed: readonly number[];
}

/** What the page shows. */
export interface Lesson {
  readonly regression: Pair;
  readonly strides: Pair;
  readonly losses: Pair;
  /** The source of the user's rule. */
  readonly source: string;
  readonly explanations: Readonly<Record<keyof Pair, string>>;
}

const rows = (values: readonly number[]): { step: number; value: number }[] => values.map((value, k) => ({ step: k + 1, value }));

function curves(name: string, { plain, changed }: Pair, options: Plot.PlotOptions, marks: readonly Plot.Markish[] = []): string {
  return draw(name, {
    ...options,
    marks: [
      Plot.gridY({ stroke: "currentColor", strokeOpacity: 0.09 }),
      ...marks,
      Plot.lineY(rows(plain), { x: "step", y: "value", stroke: "var(--first)", strokeWidth: 1.8 }),
      Plot.lineY(rows(changed), { x: "step", y: "value", stroke: "var(--second)", strokeWidth: 1.8 }),
    ],
  });
}

const legend = (changed: string): string =>
  `<p class="key"><span style="--of:var(--first)">Adam</span><span style="--of:var(--second)">${escape(changed)}</span></p>`;

const style = `
math .tml-right { text-align: right; } math .tml-left { text-align: left; }
.rule { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 1fr); gap: 28px; } @media (max-width: 800px) { .rule { grid-template-columns: minmax(0, 1fr); } }
.lines { font-size: 17px; overflow-x: auto; } .wide { min-width: 720px; }
h3 { font-size: 15px; margin: 14px 0 8px; font-weight: 600; }
`;

/** The lesson as one page that loads nothing. */
export function lessonPage({ regression, strides, losses, source, explanations }: Lesson): string {
  const most = strides.changed.reduce((best, value, k) => (value > strides.changed[best] ? k : best), 0);
  const formula = (rule: typeof clippedAdam.formula): string => `<div class="lines">${mathml(toLatex(rule), { display: true })}</div>`;
  const clipping = `<div class="rule"><div><h3>What is written</h3><pre>${escape(source)}</pre></div><div><h3>What it says</h3>${formula(clippedAdam.formula)}</div></div>
<h3>A regression in which every fortieth batch has one label that is wildly wrong</h3>${legend("ClippedAdam")}<div class="scroll"><div class="wide">${curves(
    "Distance to the right weights",
    regression,
    {
      width: 1140,
      height: 280,
      y: { label: "distance to the weights that made the data", type: "log", ticks: 4, tickFormat: (value: number) => String(value) },
    },
  )}</div></div>`;
  const first = `${legend("without correction")}${curves("Size of the steps", strides, {
    x: { type: "log", label: "step", ticks: 5, tickFormat: (value: number) => String(value) },
    y: { label: "length of a step, in learning rates", zero: true },
  })}`;
  const loss = `${legend("without correction")}${curves("Loss of the first steps", losses, { y: { label: "loss", zero: true } })}`;
  const texts = `<h3>Adam</h3><pre>${escape(explanations.plain)}</pre><h3>Without correction</h3><pre>${escape(explanations.changed)}</pre>`;
  const body = [
    section(
      "rule",
      "A rule of one’s own",
      "From these lines come the checks of the options, the state, the fused update, explain, differentiability and checkpoints. One wrong label blows up Adam’s second moment, and for hundreds of steps afterwards it creeps; clipped, it goes on.",
      clipping,
    ),
    `<div class="pair">${section("strides", "Bias correction: the first steps", `The gradient is always 1. Corrected, every step has the length of the learning rate. Without, the first is ${numberText(strides.changed[0], 3)} times as long, step ${most + 1} even ${numberText(strides.changed[most], 3)} times.`, first)}${section("losses", "What that does to a network", "The digits of the optimizer race, both with the same rate.", loss)}</div>`,
    section(
      "terms",
      "The first step, taken apart",
      "The gradient is 0.5, the rate 0.1. Both running means begin at 0; m has taken in a tenth of the gradient, v a thousandth of its square.",
      `<div class="lines">${mathml(toLatex(uncorrectedAdam.formula), { display: true })}</div>${texts}`,
    ),
  ];
  const lead = "Adam with clipping in under 15 lines, and Adam without its bias correction, to see what that is for.";
  return page({ title: "An optimizer of one’s own", lead, style, body: body.join("\n") });
}
