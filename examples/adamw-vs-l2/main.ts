import { command, integerFrom, run, words } from "../shell/command.ts";
import { write } from "../shell/page.ts";
import { countdown } from "../shell/progress.ts";
import { comparisonPage } from "./page.ts";
import { Lesson, type Run, ways } from "./training.ts";

const scales = [0.01, 1, 100];

interface Options {
  readonly steps: number;
  readonly examples: number;
  readonly decays: readonly string[];
  readonly out: string;
  readonly json: boolean;
}

await run(async () => {
  const options = command("adamw-vs-l2", "Compares AdamW's decay of the weights with Adam's L2 term in the gradient.")
    .option("--steps <n>", "steps of every training", integerFrom(1), 400)
    .option("--examples <n>", "digits to train on", integerFrom(64), 640)
    .option("--decays <list>", "decays, separated by commas", words, ["0", "0.001", "0.01", "0.1", "1"])
    .option("--out <dir>", "where the page goes", "out/adamw-vs-l2")
    .option("--json", "a summary as one line of JSON on stdout, nothing else", false)
    .parse()
    .opts<Options>();
  const decays = options.decays.map(Number);
  if (decays.some((decay) => !(decay >= 0))) throw new RangeError(`--decays: numbers of at least 0, got ${options.decays.join(", ")}`);
  const lesson = new Lesson({ steps: options.steps, examples: options.examples, lr: 2e-3 });
  const jobs = ways.flatMap((way) => [...decays.map((decay) => ({ way, decay, scale: 1 })), ...scales.map((scale) => ({ way, decay: 0.3, scale }))]);
  const progress = countdown(jobs.length);
  const done: Run[] = jobs.map(({ way, decay, scale }) => {
    const result = lesson.run(way, decay, scale);
    progress.tick(`${way}, decay ${decay}`);
    return result;
  });
  progress.stop();
  const per = decays.length + scales.length;
  const runs = done.filter((_, k) => k % per < decays.length);
  const scaled = done.filter((_, k) => k % per >= decays.length);
  const path = await write(options.out, "index.html", comparisonPage({ runs, scaled }));
  const ends = done.map(({ way, decay, scale, testLoss, accuracy, norms }) => ({
    way,
    decay,
    scale,
    testLoss,
    accuracy,
    norms: Object.values(norms).map((values) => values[values.length - 1]),
  }));
  if (options.json) console.log(JSON.stringify({ runs: ends, page: path }));
  else {
    for (const { way, decay, scale, accuracy, norms } of ends)
      console.log(
        `${way.padEnd(9)}  decay ${String(decay).padEnd(5)}  loss × ${String(scale).padEnd(4)}  norms ${norms.map((norm) => norm.toFixed(2)).join(", ")}  right ${(100 * accuracy).toFixed(1)} %`,
      );
    console.log(`page  ${path}`);
  }
});
