import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, Option } from "commander";
import { backends } from "./backends.ts";
import { readRecordings } from "./folder.ts";
import { type Float, MalformedRecording } from "./recording.ts";
import { details, heading, line, missingList, type Summary, summarize, total } from "./report.ts";

interface Options {
  readonly dir: string;
  readonly backend: string;
  readonly dtype?: Float;
  readonly only: string;
  readonly json?: boolean;
  readonly writeMissing?: string;
}

const fixtures = fileURLToPath(new URL("./fixtures", import.meta.url));

const command = new Command("golden")
  .description("Replays recordings of PyTorch. Exit code 1 when a case fails, 2 when a recording cannot be read.")
  .option("--dir <folder>", "folder of recordings", fixtures)
  .addOption(new Option("--backend <name>", "backend to compute on").choices(Object.keys(backends)).default("reference"))
  .addOption(new Option("--dtype <dtype>", "dtype to compute in; float32 widens the tolerance to 1e-4").choices(["float32", "float64"]))
  .option("--only <text>", "only cases whose file or name contains the text", "")
  .option("--json", "one JSON object on standard output")
  .option("--write-missing <file>", "write the names that the library lacks, by file, as JSON");

/** JSON has no infinities; they are written as the recordings write them. */
const finite = (_: string, value: unknown): unknown => (value === Number.POSITIVE_INFINITY ? "Infinity" : value);

/** Replays a folder and prints what came out; returns the exit code. */
async function main(options: Options): Promise<number> {
  const backend = backends[options.backend];
  const folder = readRecordings(resolve(options.dir));
  const dtype = options.dtype ?? backend.float;
  if (dtype === "float64" && backend.float === "float32")
    command.error(`golden: the backend ${options.backend} computes in float32`, { exitCode: 2 });
  const replayer = await backend.open(folder, dtype);
  const summaries: Summary[] = [];
  if (!options.json) console.log(heading);
  try {
    for (const recording of folder) {
      const report = await replayer.replay(recording, options.only);
      if (report.outcomes.length === 0) continue;
      const summary = summarize(report);
      summaries.push(summary);
      if (!options.json) console.log([line(summary), ...details(summary)].join("\n"));
    }
  } finally {
    await replayer.close();
  }
  if (summaries.length === 0) throw new MalformedRecording(`${options.dir}: no case matches "${options.only}"`);
  const sum = total(summaries);
  console.log(options.json ? JSON.stringify({ dir: options.dir, backend: options.backend, total: sum, files: summaries }, finite) : line(sum));
  if (options.writeMissing !== undefined) writeFileSync(options.writeMissing, missingList(summaries));
  return sum.failed > 0 ? 1 : 0;
}

try {
  process.exitCode = await main(command.parse().opts<Options>());
} catch (error) {
  if (!(error instanceof MalformedRecording)) throw error;
  console.error(`golden: ${error.message}`);
  process.exitCode = 2;
}
