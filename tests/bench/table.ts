import type { Column, Findings, Row } from "./record.ts";
import { leastTimeIn } from "./roof.ts";
import { isResult, type NoResult, type Result } from "./rounds.ts";

const digits = (value: number, count: number): string => (value >= 10 ** (count - 1) ? value.toFixed(0) : value.toPrecision(count));

/** A time in the unit in which it reads best. */
export const time = (ms: number): string =>
  ms >= 1000 ? `${digits(ms / 1000, 3)} s` : ms >= 0.1 ? `${digits(ms, 3)} ms` : `${digits(ms * 1000, 3)} µs`;

/** What a machine does in a second, or what one operation costs. */
function rate({ work, results: _ }: Row, ms: number): string {
  if (work.operations !== undefined) return `${digits((ms * 1e6) / work.operations, 3)} ns/op`;
  if (work.bytes !== undefined && work.flops === undefined) return `${digits(work.bytes / ms / 1e6, 3)} GB/s`;
  if (work.flops !== undefined) return `${digits(work.flops / ms / 1e6, 3)} GF/s`;
  return "";
}

const grid = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, column) => (column === 0 ? "---" : "---:")), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

/** The rows under the columns that have at least one result. */
function table(findings: Findings, cell: (result: Result, row: Row) => string): string {
  const find = (row: Row, { name }: Column): Result | NoResult | undefined => row.results.find(({ peer }) => peer === name);
  const shown = findings.columns.filter((column) => findings.rows.some((row) => isResult(find(row, column) ?? { peer: "", why: "" })));
  const rows = findings.rows.map((row) => {
    const cells = shown.map((column) => {
      const result = find(row, column);
      return result === undefined || !isResult(result) ? "–" : `${cell(result, row)}${result.once ? " †" : ""}`;
    });
    return [row.title, row.roof === null ? "–" : time(row.roof), ...cells];
  });
  return grid(["workload", "roof", ...shown.map(({ title }) => title)], rows);
}

/** How much of its own roof each engine reaches, in the rows that have arithmetic. */
function shares({ columns, rows, roof }: Findings): string[] {
  const engines = columns.flatMap(({ name, title, engine }) => (engine === undefined ? [] : [{ name, title, engine }]));
  const lines = rows.flatMap((row) => {
    const cells = engines.map(({ name, engine }) => {
      const result = row.results.find(({ peer }) => peer === name);
      const least = leastTimeIn(engine, row.work, roof);
      return result === undefined || !isResult(result) || least === null ? "–" : `${((100 * least) / result.median).toFixed(0)} % (${time(least)})`;
    });
    return cells.every((cell) => cell === "–") ? [] : [[row.title, ...cells]];
  });
  if (lines.length === 0) return [];
  return [
    "### Share of the engine's roof",
    "",
    `What WebAssembly allows one thread in each engine, and in brackets the time: arithmetic as in its own fastest matrix product (${engines.map(({ title, engine }) => `${title} ${digits(engine.flops / 1e9, 3)} GFLOP/s`).join(", ")}), divisions by roots as in \`a / sqrt(b)\` (${engines.map(({ engine }) => digits(engine.divisions / 1e9, 3)).join(", ")} billions a second) or memory, whichever takes longer.`,
    "",
    grid(["workload", ...engines.map(({ title }) => title)], lines),
    "",
  ];
}

/** Why cells or whole columns are empty. */
function gaps({ columns, rows }: Findings): string[] {
  const absent = columns.filter(({ why }) => why !== undefined).map(({ title, why }) => `- ${title}: not run, ${why}.`);
  const reasons = new Map<string, string[]>();
  for (const row of rows)
    for (const result of row.results)
      if (!isResult(result)) {
        const title = columns.find(({ name }) => name === result.peer)?.title ?? result.peer;
        const line = `${title}: ${result.why}`;
        reasons.set(line, [...(reasons.get(line) ?? []), row.title]);
      }
  return [...absent, ...[...reasons].map(([line, titles]) => `- ${line} (${titles.join("; ")}).`)];
}

/** A run in Markdown: relative times, times, rates, what ran, what did not. */
export function markdown(findings: Findings): string {
  const { date, machine, rounds, milliseconds, load, roof, columns, rows, reference } = findings;
  const against = columns.find(({ name }) => name === reference)?.title ?? reference;
  const once = rows.some(({ results }) => results.some((result) => isResult(result) && result.once));
  const lines = [
    `Measured on ${date.slice(0, 10)}: ${machine.processor}, ${machine.threads} threads, ${machine.memoryGiB} GiB, ${machine.system}. ${rounds} rounds of ${milliseconds} ms. Load of the machine ${load[0]} before, ${load[1]} after; the benchmark itself keeps one or two threads busy.`,
    "",
    ...(roof === null
      ? []
      : [
          `Roof of one thread: ${digits(roof.flops / 1e9, 3)} GFLOP/s; ${roof.streams.map(({ touched, rate }) => `${digits(rate / 1e9, 3)} GB/s over ${digits(touched / 1e6, 3)} MB`).join(", ")}.`,
          "",
        ]),
    `### Time relative to ${against}`,
    "",
    "Less is faster. Median of the ratios of each round.",
    "",
    table(findings, ({ ratio }) => (ratio === null ? "–" : digits(ratio, 3))),
    "",
    "### Time of one run",
    "",
    "Median ± half the distance of the quartiles, and in brackets the fastest round.",
    "",
    table(findings, ({ median, best, spread }) => `${time(median)} ±${(spread * 50).toFixed(0)} % (${time(best)})`),
    "",
    ...shares(findings),
    "### Rates",
    "",
    "Of the median: arithmetic, memory, or time per operation.",
    "",
    table(findings, ({ median }, row) => rate(row, median)),
    "",
    ...(findings.starts.length === 0
      ? []
      : [
          "### Start",
          "",
          "From the start of a process to the end of its first training step, batch 32.",
          "",
          grid(
            ["program", "median", "fastest"],
            findings.starts.map(({ title, median, best }) => [title, time(median), time(best)]),
          ),
          "",
        ]),
    ...(findings.sizes.length === 0
      ? []
      : [
          "### Size",
          "",
          "That program with all that it imports, minified, after gzip.",
          "",
          grid(
            ["program", "size"],
            findings.sizes.map(({ title, bytes }) => [title, `${digits(bytes / 1000, 3)} kB`]),
          ),
          "",
        ]),
    "### What ran",
    "",
    ...columns.filter(({ ready }) => ready !== undefined).map(({ title, ready }) => `- ${title}: ${ready}.`),
    ...gaps(findings),
    ...(once ? ["", "† One cold run, preparation included: it takes longer than fifteen seconds."] : []),
  ];
  return `${lines.join("\n")}\n`;
}
