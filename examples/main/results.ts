import type { Evaluation } from "./evaluation.ts";

/** A confusion matrix as text: a row per digit, a column per guess, and how many of each digit were recognised. */
export function confusionText({ confusion }: Evaluation, classes: readonly string[]): string {
  const name = Math.max(...classes.map(({ length }) => length));
  const width = Math.max(name, ...confusion.flat().map((count) => String(count).length)) + 2;
  const cell = (content: string | number) => String(content).padStart(width);
  const head = `${" ".repeat(name)}${classes.map(cell).join("")}   recognised`;
  const rows = confusion.map((row, label) => {
    const all = row.reduce((sum, count) => sum + count, 0);
    const share = all === 0 ? "–" : `${((100 * row[label]) / all).toFixed(1)} %`;
    return `${classes[label].padEnd(name)}${row.map((count) => cell(count === 0 ? "·" : count)).join("")}   ${share.padStart(10)}`;
  });
  return [head, ...rows].join("\n");
}
