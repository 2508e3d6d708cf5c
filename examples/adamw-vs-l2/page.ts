import * as Plot from "@observablehq/plot";
import { draw } from "../main/report/curves.ts";
import { escape, numberText } from "../main/report/html.ts";
import { page, section } from "../shell/page.ts";
import { type Run, type Way, ways } from "./training.ts";

/** What the page compares. */
export interface Comparison {
  /** Both ways, with every decay. */
  readonly runs: readonly Run[];
  /** Both ways, with one decay and gradients of several sizes. */
  readonly scaled: readonly Run[];
}

const title: Readonly<Record<Way, string>> = { L2: "Adam, decay in the gradient (L2)", decoupled: "AdamW, decay of the weight itself" };
const layers: Readonly<Record<string, string>> = { "0.weight": "first layer", "2.weight": "last layer" };

const hues = [260, 200, 150, 70, 30];
/** Colours in the order of the decays. */
const colour = (k: number, count: number): string =>
  `oklch(var(--light) 0.15 ${hues[count === 1 ? 0 : Math.round((k * (hues.length - 1)) / (count - 1))]})`;

/** Means over as many steps as make about 100 points. */
function smooth(values: readonly number[]): { step: number; value: number }[] {
  const width = Math.max(1, Math.ceil(values.length / 100));
  return Array.from({ length: Math.ceil(values.length / width) }, (_, k) => {
    const part = values.slice(k * width, (k + 1) * width);
    return { step: k * width + part.length / 2, value: part.reduce((sum, value) => sum + value, 0) / part.length };
  });
}

interface Axis {
  readonly label: string;
  readonly domain: readonly [number, number];
  readonly log?: boolean;
}

function plot(name: string, series: readonly (readonly number[])[], { label, domain, log = false }: Axis): string {
  const floor = log ? domain[0] : Number.NEGATIVE_INFINITY;
  return draw(name, {
    height: 230,
    y: { label, ticks: 5, domain, type: log ? "log" : "linear", ...(log && { tickFormat: (value: number) => String(value) }) },
    marks: [
      Plot.gridY({ stroke: "currentColor", strokeOpacity: 0.09, ticks: 5 }),
      ...series.map((values, k) =>
        Plot.lineY(
          smooth(values).map(({ step, value }) => ({ step, value: Math.max(value, floor) })),
          // Where curves coincide the first stays visible under the dashes of the next.
          { x: "step", y: "value", stroke: colour(k, series.length), strokeWidth: 2.6 - (1.4 * k) / series.length, clip: true },
        ),
      ),
    ],
  });
}

const legend = (texts: readonly string[]): string =>
  `<p class="key">${texts.map((text, k) => `<span style="--of:${colour(k, texts.length)}">${escape(text)}</span>`).join("")}</p>`;

const most = (runs: readonly Run[], layer: string): number => Math.max(...runs.flatMap(({ norms }) => norms[layer]));

function columns(runs: readonly Run[]): string {
  const names = Object.keys(runs[0].norms);
  const half = (way: Way): string => {
    const own = runs.filter((run) => run.way === way);
    const loss = plot(
      `Loss, ${title[way]}`,
      own.map(({ losses }) => losses),
      { label: "training loss", domain: [0.003, 4], log: true },
    );
    const norms = names.map((layer) =>
      plot(
        `Norm of ${layer}, ${title[way]}`,
        own.map((run) => run.norms[layer]),
        { label: `norm of the ${layers[layer] ?? layer}`, domain: [0, 1.05 * most(runs, layer)] },
      ),
    );
    return `<div><h3>${title[way]}</h3>${[loss, ...norms].join("\n")}</div>`;
  };
  return `${legend(runs.filter(({ way }) => way === "L2").map(({ decay }) => (decay === 0 ? "no decay" : `decay ${decay}`)))}<div class="pair">${ways.map(half).join("")}</div>`;
}

function scales(runs: readonly Run[]): string {
  const layer = Object.keys(runs[0].norms)[0];
  const half = (way: Way): string => {
    const own = runs.filter((run) => run.way === way);
    const drawing = plot(
      `Norm by size of the gradients, ${title[way]}`,
      own.map((run) => run.norms[layer]),
      {
        label: `norm of the ${layers[layer] ?? layer}`,
        domain: [0, 1.05 * most(runs, layer)],
      },
    );
    return `<div><h3>${title[way]}</h3>${drawing}</div>`;
  };
  const keys = legend(runs.filter(({ way }) => way === "L2").map(({ scale }) => `loss × ${scale}`));
  return `${keys}<div class="pair">${ways.map(half).join("")}</div>`;
}

function table(runs: readonly Run[]): string {
  const rows = runs.map((run) => {
    const norms = Object.values(run.norms).map((values) => values[values.length - 1].toFixed(2));
    const last = run.losses.slice(-10).reduce((sum, loss) => sum + loss, 0) / Math.min(10, run.losses.length);
    const cells = [
      run.way === "L2" ? "Adam, L2" : "AdamW",
      String(run.decay),
      numberText(last, 2),
      run.testLoss.toFixed(3),
      `${(100 * run.accuracy).toFixed(1)} %`,
      ...norms,
    ];
    return `<tr>${cells.map((cell) => `<td>${escape(cell)}</td>`).join("")}</tr>`;
  });
  const heads = ["", "decay", "training loss", "test loss", "right", ...Object.keys(runs[0].norms).map((layer) => `norm, ${layers[layer] ?? layer}`)];
  return `<div class="scroll"><table class="ends"><thead><tr>${heads.map((head) => `<th>${escape(head)}</th>`).join("")}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

const style = `
:root { --light: 0.58; } @media (prefers-color-scheme: dark) { :root { --light: 0.76; } }
h3 { font-size: 15px; margin: 10px 0 8px; font-weight: 600; } .pair svg { margin-bottom: 10px; }
.ends { font-size: 14.5px; } .ends th { text-align: right; font-weight: 500; color: var(--soft); font-size: 13px; padding: 4px 0 6px 28px; }
.ends td { text-align: right; padding: 5px 0 5px 28px; border-top: 1px solid var(--line); white-space: nowrap; } .ends td:first-child { text-align: left; padding-left: 0; font-weight: 600; }
`;

/** The comparison as one page that loads nothing. */
export function comparisonPage({ runs, scaled }: Comparison): string {
  const strongest = Math.max(...scaled.map(({ decay }) => decay));
  const pick = (way: Way): Run => scaled.find((run) => run.way === way && run.scale === 1) ?? scaled[0];
  const terms = ways.map((way) => `<div><h3>${title[way]}</h3><pre>${escape(pick(way).explanation)}</pre></div>`).join("");
  const body = [
    section(
      "decays",
      "Loss and weights, for several decays",
      "The same weights at the start, the same batches, the same numbers for the decay. L2 adds λp to the gradient, which Adam then divides by the gradient's own size: a decay far below 1 already drowns the gradient. AdamW takes η λ p from the weight, so λ has to be larger, and means the same in every layer.",
      columns(runs),
    ),
    section("ends", "Where they end", "Losses of the last ten batches and of 500 digits that were not trained on.", table(runs)),
    section(
      "scales",
      "Gradients of another size",
      `The loss times 0.01, 1 and 100, with decay ${strongest}. Adam does not notice the factor, and neither does AdamW: its three curves are one, but for what eps does to the smallest gradients. With L2 the factor decides how much decay there is: the smaller the gradients, the more it weighs.`,
      scales(scaled),
    ),
    section("terms", "One weight, taken apart", "What explain() says of the last gradient, at a weight in the middle of the image.", terms),
  ];
  const lead =
    "Two ways to let weights decay under Adam: through the gradient, as L2 regularisation does, or beside it, as AdamW does. For plain SGD they are the same; here they are not.";
  return page({ title: "Decoupled decay against L2", lead, style, body: body.join("\n") });
}
