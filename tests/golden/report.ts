import type { Differences } from "./differences.ts";
import type { FileReport, Outcome } from "./replay.ts";

/** Numbers of one file. */
export interface Summary {
  readonly file: string;
  readonly cases: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly missing: number;
  /** Worst error relative to tolerance among the cases that passed or failed, and whose it is; infinities as text. */
  readonly worst: number | "Infinity";
  readonly worstCase: string | null;
  readonly missingNames: readonly string[];
  readonly failures: readonly Outcome[];
  readonly skips: readonly Outcome[];
}

/** Counts what became of a file's cases. */
export function summarize({ file, outcomes }: FileReport): Summary {
  const of = (status: Outcome["status"]): Outcome[] => outcomes.filter((outcome) => outcome.status === status);
  const worst = outcomes.reduce<Outcome | undefined>((a, b) => ((b.error ?? -1) > (a?.error ?? 0) ? b : a), undefined);
  const error = worst?.error ?? 0;
  return {
    file,
    cases: outcomes.length,
    passed: of("passed").length,
    failed: of("failed").length,
    skipped: of("skipped").length,
    missing: of("missing").length,
    worst: Number.isFinite(error) ? error : "Infinity",
    worstCase: worst?.name ?? null,
    missingNames: missingNames(outcomes),
    failures: of("failed"),
    skips: of("skipped"),
  };
}

/** The known differences whose cases pass: lines to be deleted. */
export const staleDifferences = (kind: string, { outcomes }: FileReport, known: Differences): string[] =>
  outcomes.flatMap(({ name, status }) => (status === "passed" && known[`${kind}/${name}`] !== undefined ? [`${kind}/${name}`] : []));

/** The public names that these cases lack, sorted. */
export const missingNames = (outcomes: readonly Outcome[]): string[] => [...new Set(outcomes.flatMap(({ missing }) => missing ?? []))].sort();

/** The missing names of every file as JSON, laid out as the formatter has it. */
export function missingList(summaries: readonly Summary[]): string {
  const entries = summaries.flatMap(({ file, missingNames: names }) => {
    if (names.length === 0) return [];
    const quoted = names.map((name) => JSON.stringify(name));
    const inline = `  ${JSON.stringify(file)}: [${quoted.join(", ")}]`;
    return [inline.length < 150 ? inline : `  ${JSON.stringify(file)}: [\n${quoted.map((name) => `    ${name}`).join(",\n")}\n  ]`];
  });
  return entries.length === 0 ? "{}\n" : `{\n${entries.join(",\n")}\n}\n`;
}

const column = (value: string | number, width: number): string => String(value).padStart(width);

/** The heading of the lines that `line` gives. */
export const heading: string = [
  "file".padEnd(28),
  ...["cases", "passed", "failed", "skipped", "missing"].map((text) => column(text, 8)),
  column("worst", 10),
].join("");

/** One line of numbers. */
export function line({
  file,
  cases,
  passed,
  failed,
  skipped,
  missing,
  worst,
}: Omit<Summary, "missingNames" | "failures" | "skips" | "worstCase">): string {
  const error = worst === 0 ? "0" : typeof worst === "number" ? worst.toPrecision(2) : worst;
  return [file.padEnd(28), ...[cases, passed, failed, skipped, missing].map((n) => column(n, 8)), column(error, 10)].join("");
}

/** What the numbers of a file hide: failures, reasons of skips, missing names. */
export function details({ failures, skips, missingNames }: Summary): string[] {
  const reasons = [...new Set(skips.map(({ reason }) => reason))];
  return [
    ...failures.map(({ name, reason }) => `  FAILED  ${name}: ${reason}`),
    ...reasons.map(
      (reason) =>
        `  skipped ${skips
          .filter((skip) => skip.reason === reason)
          .map(({ name }) => name)
          .join(", ")}: ${reason}`,
    ),
    ...(missingNames.length === 0 ? [] : [`  MISSING ${missingNames.join(", ")}`]),
  ];
}

/** The sum of all files. */
export function total(summaries: readonly Summary[]): Omit<Summary, "missingNames" | "failures" | "skips" | "worstCase"> {
  const sum = (key: "cases" | "passed" | "failed" | "skipped" | "missing"): number => summaries.reduce((n, summary) => n + summary[key], 0);
  const errors = summaries.map(({ worst }) => Number(worst));
  const worst = Math.max(0, ...errors);
  return {
    file: `${summaries.length} files`,
    cases: sum("cases"),
    passed: sum("passed"),
    failed: sum("failed"),
    skipped: sum("skipped"),
    missing: sum("missing"),
    worst: Number.isFinite(worst) ? worst : "Infinity",
  };
}
