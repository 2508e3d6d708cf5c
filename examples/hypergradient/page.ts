import * as Plot from "@observablehq/plot";
import { draw } from "../main/report/curves.ts";
import { escape, numberText } from "../main/report/html.ts";
import { page, section } from "../shell/page.ts";
import type { Check, Place } from "./descent.ts";

/** What the page shows. */
export interface Lesson {
  readonly places: readonly Place[];
  readonly checks: readonly Check[];
  /** Losses after a training on a grid of the plane. */
  readonly grid: readonly Place[];
  /** Losses of the training with what was given, and with what was learnt. */
  readonly before: readonly number[];
  readonly after: readonly number[];
}

const line = Plot.gridY({ stroke: "currentColor", strokeOpacity: 0.09 });
const powers = (value: number): string => (value >= 0.01 && value < 1000 ? String(Number(value.toPrecision(3))) : value.toExponential(0));

function plane({ places, grid }: Lesson): string {
  const lrs = grid.map(({ lr }) => lr);
  const rows = grid.map((place) => ({ ...place, height: Math.log10(Math.min(place.loss, 3)) }));
  const best = places[places.length - 1];
  return draw("The loss after the training, by rate and momentum, and the way down", {
    width: 1140,
    height: 420,
    marginLeft: 56,
    marginRight: 20,
    x: { type: "log", domain: [Math.min(...lrs), Math.max(...lrs)], label: "learning rate", ticks: 6, tickFormat: powers },
    y: { label: "momentum", ticks: 6, domain: [0, 0.98] },
    color: { type: "linear", interpolate: (t: number) => `color-mix(in oklab, var(--first) ${Math.round(62 * (1 - t))}%, var(--card))` },
    marks: [
      Plot.contour(rows, {
        x: "lr",
        y: "momentum",
        fill: "height",
        stroke: "var(--card)",
        strokeWidth: 0.7,
        thresholds: 14,
        interpolate: "barycentric",
      } as Plot.ContourOptions),
      Plot.line(places, { x: "lr", y: "momentum", stroke: "var(--second)", strokeWidth: 2.2, strokeLinejoin: "round" }),
      Plot.dot(places, { x: "lr", y: "momentum", fill: "var(--second)", r: 2 }),
      Plot.dot(places.slice(0, 1), { x: "lr", y: "momentum", fill: "var(--card)", stroke: "var(--ink)", r: 5 }),
      Plot.dot([best], { x: "lr", y: "momentum", fill: "var(--second)", stroke: "var(--card)", r: 5.5 }),
      Plot.text([best], {
        x: "lr",
        y: "momentum",
        text: () => `rate ${best.lr.toFixed(2)}, momentum ${best.momentum.toFixed(2)}`,
        dy: -14,
        textAnchor: "end",
        fontWeight: "600",
        fill: "var(--ink)",
        stroke: "var(--card)",
        strokeWidth: 4,
      }),
    ],
  });
}

function meta({ places }: Lesson): string {
  const rows = places.map((place, iteration) => ({ ...place, iteration }));
  return draw("Loss after the training, by iteration", {
    x: { label: "times the training was run" },
    y: { type: "log", label: "loss at its end", tickFormat: powers, ticks: 4 },
    marks: [line, Plot.lineY(rows, { x: "iteration", y: "loss", stroke: "var(--second)", strokeWidth: 2 })],
  });
}

function training({ before, after }: Lesson): string {
  const rows = [before, after].map((losses) => losses.map((loss, step) => ({ step, loss })));
  return draw("Losses within the training", {
    y: { type: "log", label: "loss", tickFormat: powers, ticks: 4 },
    marks: [
      line,
      Plot.lineY(rows[0], { x: "step", y: "loss", stroke: "var(--soft)", strokeWidth: 2 }),
      Plot.lineY(rows[1], { x: "step", y: "loss", stroke: "var(--second)", strokeWidth: 2 }),
    ],
  });
}

function table(checks: readonly Check[]): string {
  const rows = checks.map(
    ({ name, backprop, difference }) =>
      `<tr><td>${name === "lr" ? "learning rate" : "momentum"}</td><td>${escape(numberText(backprop, 10))}</td><td>${escape(numberText(difference, 10))}</td><td>${escape(numberText(Math.abs(backprop / difference - 1), 2))}</td></tr>`,
  );
  return `<div class="scroll"><table class="checked"><thead><tr><th>gradient of the final loss by</th><th>backprop through all updates</th><th>finite differences</th><th>relative distance</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

const style = `
.checked { font-size: 15px; } .checked th { text-align: left; font-weight: 500; color: var(--soft); font-size: 13px; padding: 4px 32px 6px 0; }
.checked td { padding: 5px 32px 5px 0; border-top: 1px solid var(--line); white-space: nowrap; }
.wide { min-width: 720px; }
`;

/** The lesson as one page that loads nothing. */
export function lessonPage(lesson: Lesson): string {
  const { places, before, after } = lesson;
  const [first, last] = [places[0], places[places.length - 1]];
  const text = `The bluer, the better. From ○, each step goes against the gradient of the loss that the <i>whole training</i> ends with; the gradient is taken through all ${before.length - 1} updates.`;
  const legend = `<p class="key"><span style="--of:var(--soft)">with what was given: rate ${numberText(first.lr, 3)}, momentum ${numberText(first.momentum, 3)}</span><span style="--of:var(--second)">with what was learnt: rate ${numberText(last.lr, 3)}, momentum ${numberText(last.momentum, 3)}</span></p>`;
  const body = [
    section("plane", "Descent in the plane of hyper-parameters", text, `<div class="scroll"><div class="wide">${plane(lesson)}</div></div>`),
    `<div class="pair">${section("meta", "From training to training", `The loss at the end falls from ${numberText(first.loss, 3)} to ${numberText(last.loss, 3)}.`, meta(lesson))}${section("training", "Within the training", `${before.length - 1} steps each, from the same first weights; they end at ${numberText(before[before.length - 1], 3)} and ${numberText(after[after.length - 1], 3)}.`, `${legend}${training(lesson)}`)}</div>`,
    section("check", "Is the gradient right?", "At the place where the descent began.", table(lesson.checks)),
  ];
  const lead =
    "A small network fits a sine by SGD with momentum. The updates are recorded on the tape like any other operation, so the loss at the end can be differentiated by the learning rate and the momentum that led there, and both are learnt by gradient descent.";
  return page({ title: "A training that learns its own learning rate", lead, style, body: body.join("\n") });
}
