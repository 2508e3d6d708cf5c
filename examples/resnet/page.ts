import * as Plot from "@observablehq/plot";
import { nn } from "gradtape";
import { draw } from "../main/report/curves.ts";
import { escape } from "../main/report/html.ts";
import { page, section } from "../shell/page.ts";
import type { Run, Setup } from "./training.ts";

/** What the page compares. */
export interface Comparison {
  readonly runs: readonly Run[];
  readonly setup: Setup;
  /** What the images are. */
  readonly about: string;
  /** How many there are to train and to test on. */
  readonly counts: readonly [number, number];
}

const colours = ["var(--first)", "var(--second)"];
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const grid = Plot.gridY({ stroke: "currentColor", strokeOpacity: 0.09 });
const baseline = Plot.ruleY([0], { strokeOpacity: 0.3 });

/** The losses of the batches, faint, and their running means. */
function losses(runs: readonly Run[]): string {
  const marks = runs.flatMap(({ losses: values }, k) => {
    const rows = values.map((loss, step) => ({ step: step + 1, loss }));
    const line = { x: "step", y: "loss", stroke: colours[k], strokeLinejoin: "round" as const };
    const window = Math.max(1, Math.round(values.length / 12));
    return [
      Plot.lineY(rows, { ...line, strokeWidth: 0.8, strokeOpacity: 0.35 }),
      Plot.lineY(rows, Plot.windowY({ k: window, anchor: "end" }, { ...line, strokeWidth: 2.2 })),
    ];
  });
  return draw("Loss of the batches by step", { y: { label: "cross-entropy", ticks: 5 }, marks: [grid, baseline, ...marks] });
}

/** The share of right answers on images that were not trained on. */
function accuracies(runs: readonly Run[]): string {
  const marks = runs.flatMap(({ evaluations }, k) => [
    Plot.lineY(evaluations, { x: "step", y: "accuracy", stroke: colours[k], strokeWidth: 2.2 }),
    Plot.dot(evaluations, { x: "step", y: "accuracy", fill: colours[k], r: 3.5, stroke: "var(--card)", strokeWidth: 1.5 }),
  ]);
  return draw("Accuracy on test images by step", {
    y: { label: "right", ticks: 5, domain: [0, 1], tickFormat: (value: number) => `${Math.round(100 * value)} %` },
    marks: [grid, baseline, ...marks],
  });
}

function table(runs: readonly Run[]): string {
  const rows = runs.map(({ contender, losses: values, evaluations, msPerStep, statePerParameter }) => {
    const last = values.slice(-10).reduce((sum, loss) => sum + loss, 0) / Math.min(10, values.length);
    const end = evaluations[evaluations.length - 1];
    const cells = [
      contender.name,
      contender.about,
      last.toFixed(3),
      end.loss.toFixed(3),
      percent(end.accuracy),
      msPerStep.toFixed(0),
      statePerParameter.toFixed(0),
    ];
    return `<tr>${cells.map((cell) => `<td>${escape(cell)}</td>`).join("")}</tr>`;
  });
  const heads = ["optimizer", "settings", "training loss", "test loss", "right", "ms per step", "memory"];
  return `<div class="scroll"><table class="ends"><thead><tr>${heads.map((head) => `<th>${head}</th>`).join("")}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

const style = `
.ends { font-size: 14.5px; } .ends th { text-align: right; font-weight: 500; color: var(--soft); font-size: 13px; padding: 4px 0 6px 28px; }
.ends td { text-align: right; padding: 6px 0 6px 28px; border-top: 1px solid var(--line); white-space: nowrap; }
.ends :is(td, th):nth-child(-n+2) { text-align: left; } .ends :is(td, th):first-child { padding-left: 0; } .ends td:first-child { font-weight: 600; }
`;

/** The comparison as one page that loads nothing. */
export function comparisonPage({ runs, setup, about, counts }: Comparison): string {
  const { width, steps, batch } = setup;
  const model = nn.models.resnet18({ width });
  const parameters = model.parameters().reduce((sum, { size }) => sum + size, 0);
  const legend = `<p class="key">${runs.map(({ contender }, k) => `<span style="--of:${colours[k]}">${escape(contender.name)}</span>`).join("")}</p>`;
  const body = [
    `<div class="pair">${section("losses", "Loss of the batches", "Faint: every batch. Strong: the mean of the last ones.", legend + losses(runs))}
${section("accuracies", "Right answers", `On ${counts[1]} images that were not trained on.`, legend + accuracies(runs))}</div>`,
    section("ends", "Where they end", "Training loss: mean of the last ten batches. Memory: numbers kept per number trained.", table(runs)),
    section("network", "The network", `${parameters.toLocaleString("en")} parameters.`, `<pre>${escape(String(model))}</pre>`),
  ];
  return page({
    title: "ResNet-18: SGD with momentum against Adam",
    lead: `${about[0].toUpperCase()}${about.slice(1)}, ${counts[0]} images to train on; ResNet-18 with a 3 × 3 stem and ${width} channels in its first stage, ${steps} steps of ${batch} images, moved and mirrored. Both start from the same weights and see the same batches; both rates fall to 0 along a cosine.`,
    style,
    body: body.join("\n"),
  });
}
