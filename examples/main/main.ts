import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CommanderError } from "commander";
import { cpu } from "gradtape";
import { loadRun, saveRun } from "./checkpoint.ts";
import { type Datasets, loadDatasets } from "./datasets.ts";
import { type Evaluation, evaluate } from "./evaluation.ts";
import { type Options, readOptions } from "./options.ts";
import { duration, makeProgress } from "./progress.ts";
import { renderReport } from "./report/page.ts";
import { confusionText } from "./results.ts";
import { completeSettings } from "./settings.ts";
import { Training } from "./training.ts";

const usageError = 2;
const interrupted = 130;

/** A run with its data, ready to start or to go on. Errors are the user's to mend. */
async function prepare({ given, data, resume, out }: Options): Promise<{ run: Training; datasets: Datasets }> {
  const saved = resume === undefined ? undefined : await loadRun(resume, given);
  const settings = saved?.settings ?? completeSettings(given);
  const datasets = await loadDatasets(settings, data);
  const run = new Training(settings, datasets);
  if (saved !== undefined) run.restore(saved);
  await mkdir(out, { recursive: true });
  return { run, datasets };
}

/** Trains to the end, or until somebody says stop. */
async function train(run: Training, options: Options, stopped: () => boolean): Promise<void> {
  if (run.step >= run.settings.steps || stopped()) return;
  const progress = makeProgress(run.settings.steps, run.step, { bar: process.stderr.isTTY && !options.json });
  try {
    for await (const event of run.run()) {
      progress.show(event);
      if (stopped()) break;
    }
  } finally {
    progress.stop();
  }
}

async function writeReport(path: string, run: Training, test: Datasets["test"], evaluation: Evaluation): Promise<void> {
  await writeFile(path, await renderReport({ run, test, evaluation, backend: cpu.backend.name }));
}

async function main(): Promise<number> {
  const begin = performance.now();
  let stoppedAt = Number.POSITIVE_INFINITY;
  const stopped = () => stoppedAt < Number.POSITIVE_INFINITY;
  // One Ctrl-C may arrive several times, from the terminal and from npm; only one that comes later means "at once".
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      if (performance.now() - stoppedAt > 1_000) process.exit(interrupted);
      stoppedAt = Math.min(stoppedAt, performance.now());
    });
  let options: Options;
  let prepared: Awaited<ReturnType<typeof prepare>>;
  try {
    options = readOptions(process.argv.slice(2));
    prepared = await prepare(options);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageError;
    console.error(`error: ${oneLine(error)}`);
    return usageError;
  }
  const { run, datasets } = prepared;
  const { settings } = run;
  const say = options.json ? () => {} : console.log;
  say(
    `784-256-128-10 on ${datasets.train.length} ${settings.dataset === "mnist" ? "MNIST digits" : "drawn digits"}: ${run.optimizer.name}, ` +
      `${settings.schedule}, step ${run.step} to ${settings.steps} in batches of ${settings.batch}`,
  );
  await train(run, options, stopped);
  const checkpoint = join(options.out, "checkpoint.safetensors");
  await saveRun(checkpoint, run);
  if (stopped()) {
    const where = options.data === undefined ? "" : ` --data ${options.data}`;
    console.error(`stopped after step ${run.step} of ${settings.steps}; saved in ${checkpoint}`);
    console.error(`go on with: npm start -- --resume ${checkpoint}${where}`);
    return interrupted;
  }
  const evaluation = evaluate(run.model, datasets.test);
  run.history.evaluations.push({ step: run.step, loss: evaluation.loss, accuracy: evaluation.accuracy });
  const seconds = (performance.now() - begin) / 1000;
  const report = options.report ? join(options.out, "report.html") : null;
  if (report !== null) await writeReport(report, run, datasets.test, evaluation);
  const finalLoss = run.history.losses.at(-1);
  say(`\nrows: the digit, columns: what the network saw\n${confusionText(evaluation, datasets.test.classes)}\n`);
  say(`test accuracy  ${(100 * evaluation.accuracy).toFixed(2)} % of ${datasets.test.length}`);
  say(`final loss     ${finalLoss?.toFixed(4)}`);
  say(`time           ${duration(1000 * seconds)}, backend ${cpu.backend.name}`);
  say(`checkpoint     ${checkpoint}`);
  if (report !== null) say(`report         ${report}`);
  const { accuracy: testAccuracy } = evaluation;
  if (options.json) console.log(JSON.stringify({ steps: run.step, finalLoss, testAccuracy, seconds, backend: cpu.backend.name, checkpoint, report }));
  return 0;
}

const oneLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).replace(/\s*\n\s*/g, " ");

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(`error: ${oneLine(error)}`);
    process.exitCode = 1;
  },
);
