import { escape } from "../main/report/html.ts";
import { page } from "../shell/page.ts";
import { contours, curves, finalText, hue, key, leaders, trajectory } from "./drawing.ts";
import { type Problem, problems } from "./problems.ts";
import type { Result } from "./race.ts";

const style = `
:root { --light: 0.55; }
@media (prefers-color-scheme: dark) { :root { --light: 0.76; } }
.ways { display: grid; grid-template-columns: repeat(auto-fill, minmax(190px, 1fr)); gap: 18px 14px; margin: 20px 0 0; }
.way { margin: 0; min-width: 0; }
.way figcaption { display: flex; justify-content: space-between; gap: 8px; font-size: 13.5px; margin-bottom: 4px; white-space: nowrap; }
.way figcaption span { color: var(--first); font-variant-numeric: tabular-nums; }
.way.short figcaption span { color: var(--soft); }
.way small { color: var(--soft); font-size: 12px; }
.way svg { width: 100%; border-radius: 8px; overflow: hidden; border: 1px solid var(--line); }
.way polyline { fill: none; stroke: var(--second); stroke-width: 1.6; stroke-linejoin: round; }
.way .start { fill: var(--card); stroke: var(--ink); stroke-width: 1.4; }
.way .end { fill: var(--second); stroke: var(--card); stroke-width: 1; }
.way .goal { stroke: var(--ink); stroke-width: 1.8; fill: none; }
.symbols { position: absolute; width: 0; height: 0; }
.standing { width: 100%; font-size: 14px; }
.standing th { text-align: right; font-weight: 500; color: var(--soft); padding: 4px 10px; font-size: 13px; vertical-align: bottom; }
.standing thead tr:last-child th { border-bottom: 1px solid var(--line); }
.standing .of { text-align: center; color: var(--ink); font-weight: 600; border-bottom: 1px solid var(--line); }
.standing td { text-align: right; padding: 6px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
.standing td:first-child, .standing thead tr:last-child th:first-child { text-align: left; padding-left: 0; color: var(--ink); }
.standing td:first-child { font-weight: 600; }
.standing .best { color: var(--first); font-weight: 700; }
.standing .none { color: var(--soft); }
tbody tr:hover td { background: color-mix(in oklab, var(--first) 7%, var(--card)); }
.curves { min-width: 760px; }
`;

/** What was measured, and where. */
export interface Race {
  readonly results: readonly Result[];
  /** Processor and runtime on which the times were taken. */
  readonly machine: string;
}

const found = (results: readonly Result[], problem: Problem, optimizer: string): Result | undefined =>
  results.find((result) => result.problem === problem.name && result.optimizer === optimizer);

type Cell = { readonly text: string; readonly value: number };

const cells = (problem: Problem, result: Result | undefined): Cell[] => {
  if (result === undefined) return [];
  // Losses on surfaces fall as long as one waits: none is the best.
  const final = { text: finalText(result.final), value: problem.surface === undefined ? result.final : Number.NaN };
  const steps = {
    text: result.stepsToThreshold === null ? "–" : String(result.stepsToThreshold),
    value: result.stepsToThreshold ?? Number.POSITIVE_INFINITY,
  };
  if (problem.surface !== undefined) return [final, steps];
  const right = { text: `${(100 * (result.accuracy ?? 0)).toFixed(1)} %`, value: -(result.accuracy ?? 0) };
  return [
    final,
    steps,
    right,
    { text: result.msPerStep.toFixed(1), value: result.msPerStep },
    { text: memory(result), value: result.statePerParameter },
  ];
};

/** Numbers kept per number that is trained. */
export const memory = ({ statePerParameter: kept }: Pick<Result, "statePerParameter">): string =>
  Math.abs(kept - Math.round(kept)) < 0.005 ? String(Math.round(kept)) : kept.toFixed(2);

const headings = (problem: Problem): string[] => ["final", "steps", ...(problem.surface === undefined ? ["right", "ms per step", "memory"] : [])];

function standings({ results }: Race): string {
  const here = problems.filter(({ name }) => results.some((result) => result.problem === name));
  const optimizers = [...new Set(results.map(({ optimizer }) => optimizer))];
  const columns = here.flatMap((problem) => {
    const column = optimizers.map((optimizer) => cells(problem, found(results, problem, optimizer)));
    return headings(problem).map((_, k) => Math.min(...column.map((row) => row[k]?.value ?? Number.POSITIVE_INFINITY)));
  });
  const rows = optimizers.map((optimizer) => {
    const row = here.flatMap((problem) => {
      const own = cells(problem, found(results, problem, optimizer));
      return own.length > 0 ? own : headings(problem).map((): Cell => ({ text: "", value: Number.NaN }));
    });
    const body = row.map(({ text, value }, k) => {
      const mark = value === columns[k] && Number.isFinite(value) ? ' class="best"' : text === "–" ? ' class="none"' : "";
      return `<td${mark}>${escape(text)}</td>`;
    });
    return `<tr><td>${escape(optimizer)}</td>${body.join("")}</tr>`;
  });
  const groups = here.map((problem) => `<th class="of" colspan="${headings(problem).length}">${escape(problem.name)}</th>`);
  const names = here.flatMap(headings).map((name) => `<th>${name}</th>`);
  return `<section id="standings"><h2>Standings</h2>
<p>Steps: until the loss stays at or below the threshold (${here.map(({ name, threshold }) => `${escape(name)} ${threshold}`).join(", ")}); – means not within the run. Right: share of unseen digits read rightly. Memory: numbers kept per number trained.</p>
<div class="scroll"><table class="standing"><thead><tr><th></th>${groups.join("")}</tr><tr><th>optimizer</th>${names.join("")}</tr></thead><tbody>${rows.join("\n")}</tbody></table></div></section>`;
}

function stage(problem: Problem, results: readonly Result[]): string {
  const named = leaders(problem, results);
  const spans = named.map((result, k) => `<span style="--of:${hue(k)}">${escape(result.optimizer)}</span>`);
  const legend = `<p class="key">${spans.join("")}<span style="--of:var(--soft)">the others</span></p>`;
  const ways = problem.surface === undefined ? "" : `<div class="ways">${results.map((result) => trajectory(problem, result)).join("\n")}</div>`;
  const marks =
    problem.surface === undefined
      ? "The curves are means over ten batches."
      : "○ start, + minimum, and the steps until the threshold; the bluer, the lower.";
  return `<section id="stage-${key(problem.name)}"><h2>${escape(problem.name)}</h2><p>${escape(problem.about)} The dashed line is the threshold. ${marks}</p>
${legend}<div class="scroll"><div class="curves">${curves(problem, results)}</div></div>${ways}</section>`;
}

/** The race as one page that loads nothing. */
export function racePage(race: Race): string {
  const here = problems.filter(({ name }) => race.results.some(({ problem }) => problem === name));
  const stages = here.map((problem) =>
    stage(
      problem,
      race.results.filter((result) => result.problem === problem.name),
    ),
  );
  const symbols = `<svg class="symbols" aria-hidden="true">${here.map(contours).join("")}</svg>`;
  const method = `<section id="method"><h2>How the rates were found</h2>
<p>Everything but the rate is the optimizer's default, except that decay is off on the surfaces, SGD comes twice, LBFGS searches along its lines (four iterations a step, ten remembered), and Muon leaves the biases to AdamW. Rates are tried at every power of ten from 0.0001 to 100, then at a third and three times the best, then at 1.7 to either side. On a surface the rate that reaches the threshold first wins, and where none does, the one that ends lowest; on digits always that one. So every optimizer is tuned the same way: the table compares optimizers with a good rate, not defaults. Times were taken on ${escape(race.machine)}.</p></section>`;
  const lead = `${new Set(race.results.map(({ optimizer }) => optimizer)).size} optimizers, ${here.length} problems, each optimizer with a rate that a search found for it. All start at the same place and see the same batches.`;
  return page({ title: "The optimizer race", lead, style, body: [symbols, standings(race), ...stages, method].join("\n") });
}
