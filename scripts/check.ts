import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Result, type Step, steps } from "./check/steps.ts";

const usage = `pnpm check [step…] [--json FILE]

Runs every check of the repository, or only the named ones.

${steps.map(({ name, about }) => `  ${name.padEnd(12)}${about}`).join("\n")}

  --json FILE   also writes { passed, failed, steps } to FILE
  --help        prints this
`;

function options(): { only: readonly string[]; json: string | undefined } {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: "string" }, help: { type: "boolean" } } });
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  const unknown = positionals.filter((name) => !steps.some((step) => step.name === name));
  if (unknown.length > 0) throw new TypeError(`check: no step is named ${unknown.join(", ")}; there are ${steps.map(({ name }) => name).join(", ")}`);
  return { only: positionals, json: values.json };
}

async function attempt(step: Step): Promise<Result> {
  try {
    return await step.run();
  } catch (error) {
    return { ok: false, details: [error instanceof Error ? (error.stack ?? error.message) : String(error)] };
  }
}

const { only, json } = options();
const report: { name: string; ok: boolean; seconds: number }[] = [];
for (const step of steps.filter(({ name }) => only.length === 0 || only.includes(name))) {
  const start = performance.now();
  const { ok, word = "", details = [], warnings = [] } = await attempt(step);
  const seconds = (performance.now() - start) / 1000;
  report.push({ name: step.name, ok, seconds });
  console.log(`${ok ? "ok  " : "FAIL"}  ${step.name.padEnd(11)} ${seconds.toFixed(1).padStart(5)} s  ${word}`.trimEnd());
  const shown = ok && only.length === 0 ? warnings : [...warnings, ...details];
  for (const line of shown.flatMap((text) => text.split("\n"))) if (line !== "") console.log(`      ${line}`);
}
const failed = report.filter(({ ok }) => !ok).length;
console.log(failed === 0 ? `${report.length} checks, all ok` : `${failed} of ${report.length} checks failed`);
if (json !== undefined) writeFileSync(json, JSON.stringify({ passed: report.length - failed, failed, steps: report }, null, 2));
process.exitCode = failed === 0 ? 0 : 1;
