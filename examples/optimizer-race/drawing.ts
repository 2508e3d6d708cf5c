import * as Plot from "@observablehq/plot";
import { draw } from "../main/report/curves.ts";
import { escape, numberText } from "../main/report/html.ts";
import { heightOf, type Problem, type Surface } from "./problems.ts";
import { judged, type Result } from "./race.ts";

const panel = { width: 220, height: 150 };

/** A name that may stand in ids and classes. */
export const key = (name: string): string => name.toLowerCase().replaceAll(/\W+/g, "-");

/** The contours of a surface, as a symbol that every panel uses: lines at equal steps of the logarithm. */
export function contours(problem: Problem): string {
  const { surface } = problem;
  if (surface === undefined) return "";
  const height = heightOf(surface);
  const svg = draw(`Contours of ${problem.name}`, {
    ...panel,
    marginTop: 0,
    marginRight: 0,
    marginBottom: 0,
    marginLeft: 0,
    axis: null,
    x: { domain: surface.x },
    y: { domain: surface.y },
    color: { type: "linear", interpolate: (t: number) => `color-mix(in oklab, var(--first) ${Math.round(46 * (1 - t))}%, var(--card))` },
    marks: [
      Plot.contour({
        x1: surface.x[0],
        x2: surface.x[1],
        y1: surface.y[0],
        y2: surface.y[1],
        fill: (a: number, b: number) => Math.log10(height(a, b) + 1e-2),
        stroke: "var(--card)",
        strokeWidth: 0.5,
        thresholds: 12,
        pixelSize: 2,
      } as Plot.ContourOptions),
    ],
  });
  const inner = svg.slice(svg.indexOf(">") + 1, svg.lastIndexOf("</svg>"));
  // Half pixels are enough for a background that is drawn once.
  const short = inner.replaceAll(/\d+\.\d+/g, (number) => String(Number(Number(number).toFixed(1))));
  return `<symbol id="${key(problem.name)}" viewBox="0 0 ${panel.width} ${panel.height}">${short}</symbol>`;
}

/** Points that differ by half a pixel at least; what lies far outside is cut off by the panel. */
function polyline(path: Result["path"], place: (point: readonly [number, number]) => readonly [number, number]): string {
  const points: (readonly [number, number])[] = [];
  for (const point of path) {
    const [x, y] = place(point).map((value) => Math.max(-1e3, Math.min(1e3, value)));
    const last = points.at(-1);
    if (last === undefined || Math.hypot(x - last[0], y - last[1]) > 0.5) points.push([x, y]);
  }
  return points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
}

const placing =
  ({ x: [left, right], y: [low, high] }: Surface) =>
  ([a, b]: readonly [number, number]): readonly [number, number] => [
    (panel.width * (a - left)) / (right - left),
    (panel.height * (high - b)) / (high - low),
  ];

/** A loss to read; how far below 1e-8 it is does not matter. */
export const finalText = (loss: number): string => (loss < 1e-8 ? "< 10⁻⁸" : numberText(loss, 2));

/** The way of one optimizer over a surface. */
export function trajectory(problem: Problem, result: Result): string {
  const surface = problem.surface as Surface;
  const place = placing(surface);
  const [start, minimum, end] = [surface.start, surface.minimum, result.path[result.path.length - 1]].map(place);
  const told = result.stepsToThreshold === null ? `ends at ${finalText(result.final)}` : `${result.stepsToThreshold} steps`;
  const rate = result.search.length === 1 ? "line search" : `rate ${numberText(result.lr, 2)}`;
  return `<figure class="way${result.stepsToThreshold === null ? " short" : ""}">
<figcaption><b>${escape(result.optimizer)}</b> <span>${escape(told)}</span></figcaption>
<svg viewBox="0 0 ${panel.width} ${panel.height}" role="img" aria-label="${escape(`${result.optimizer} on ${problem.name}: ${told}`)}">
<use href="#${key(problem.name)}"/><polyline points="${polyline(result.path, place)}"/>
<circle class="start" cx="${start[0].toFixed(1)}" cy="${start[1].toFixed(1)}" r="3"/>
<path class="goal" d="M${(minimum[0] - 4).toFixed(1)},${minimum[1].toFixed(1)}h8m-4,-4v8"/>
<circle class="end" cx="${end[0].toFixed(1)}" cy="${end[1].toFixed(1)}" r="3"/></svg>
<small>${escape(rate)}</small></figure>`;
}

/** Hues that can be told apart, for those who came first. */
const hues = [258, 40, 150, 320, 95, 200];
export const hue = (rank: number): string => `oklch(var(--light) 0.16 ${hues[rank]})`;

/** Who is named in a plot: those with the fewest steps to the threshold, one for curves that coincide. */
export function leaders(problem: Problem, results: readonly Result[]): readonly Result[] {
  const rank = ({ stepsToThreshold: steps, final }: Result): number => steps ?? 1e9 * (1 + final);
  const ranked = [...results].sort((a, b) => rank(a) - rank(b));
  const same = (a: Result, b: Result): boolean => a.losses.every((loss, k) => Math.abs(loss - b.losses[k]) <= 1e-3 * Math.abs(loss));
  const apart = ranked.filter((result, k) => !ranked.slice(0, k).some((other) => same(result, other)));
  return apart.slice(0, problem.surface === undefined ? 4 : 6);
}

/** The losses of all, on a logarithmic scale; the leaders in colour. */
export function curves(problem: Problem, results: readonly Result[]): string {
  const least = problem.surface === undefined ? 0.03 : 1e-8;
  const named = leaders(problem, results);
  const rows = (result: Result): { step: number; loss: number }[] => {
    const losses = judged(problem, result.losses);
    const stride = Math.max(1, Math.floor(losses.length / 400));
    return losses.flatMap((loss, step) => (step % stride === 0 || step === losses.length - 1 ? [{ step, loss: Math.max(loss, least) }] : []));
  };
  const most = Math.max(...results.map(({ losses }) => losses[0])) * 3;
  const line = (result: Result, stroke: string, strokeWidth: number): Plot.Markish =>
    Plot.lineY(rows(result), { x: "step", y: "loss", stroke, strokeWidth, strokeLinejoin: "round", clip: true });
  return draw(`Losses on ${problem.name}`, {
    width: 1140,
    height: 300,
    marginLeft: 64,
    marginRight: 24,
    y: {
      type: "log",
      domain: [least, most],
      label: "loss",
      ticks: 6,
      tickFormat: (value: number) => (value >= 0.01 && value < 1e4 ? String(value) : value.toExponential(0)),
    },
    marks: [
      Plot.gridY({ stroke: "currentColor", strokeOpacity: 0.09, ticks: 6 }),
      Plot.ruleY([problem.threshold], { stroke: "currentColor", strokeOpacity: 0.5, strokeDasharray: "4 3" }),
      ...results.filter((result) => !named.includes(result)).map((result) => line(result, "var(--soft)", 0.8)),
      ...named.map((result, k) => line(result, hue(k), 2)).reverse(),
    ],
  });
}
