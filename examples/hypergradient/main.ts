import { command, integerFrom, run } from "../shell/command.ts";
import { write } from "../shell/page.ts";
import { countdown } from "../shell/progress.ts";
import { check, descend, type Place } from "./descent.ts";
import { lessonPage } from "./page.ts";
import { Fit } from "./training.ts";

/** Where the descent begins: a careful rate and little momentum. */
const start = { lr: 0.01, momentum: 0.3 };

/** Losses after a plain training all over the plane. */
function survey(fit: Fit, columns: number, tick: () => void): Place[] {
  return Array.from({ length: columns }, (_, i) => {
    const lr = 0.005 * 200 ** (i / (columns - 1));
    tick();
    return Array.from({ length: 14 }, (__, j) => {
      const momentum = (0.98 * j) / 13;
      const loss = fit.losses({ lr, momentum }).at(-1) as number;
      return { lr, momentum, loss: Number.isFinite(loss) ? loss : 1e3 };
    });
  }).flat();
}

await run(async () => {
  const options = command("hypergradient", "Learns the learning rate and the momentum of a training by backprop through its updates.")
    .option("--steps <n>", "steps of the training", integerFrom(2), 40)
    .option("--iterations <n>", "steps of the descent by rate and momentum", integerFrom(1), 60)
    .option("--grid <n>", "columns of the map behind the descent", integerFrom(3), 26)
    .option("--out <dir>", "where the page goes", "out/hypergradient")
    .option("--json", "a summary as one line of JSON on stdout, nothing else", false)
    .parse()
    .opts<{ readonly steps: number; readonly iterations: number; readonly grid: number; readonly out: string; readonly json: boolean }>();
  const fit = new Fit(options.steps);
  const progress = countdown(options.iterations + 1 + options.grid);
  const places = descend(fit, start, options.iterations, ({ loss }) => progress.tick(`loss after the training ${loss.toFixed(4)}`));
  const grid = survey(fit, options.grid, () => progress.tick("map"));
  progress.stop();
  const last = places[places.length - 1];
  const checks = check(fit, start);
  const path = await write(options.out, "index.html", lessonPage({ places, checks, grid, before: fit.losses(start), after: fit.losses(last) }));
  if (options.json) console.log(JSON.stringify({ first: places[0], last, checks, page: path }));
  else {
    for (const { name, backprop, difference } of checks)
      console.log(`gradient by ${name.padEnd(8)}  backprop ${backprop}  differences ${difference}`);
    console.log(
      `learnt: rate ${last.lr.toFixed(3)}, momentum ${last.momentum.toFixed(3)}; the training's last loss fell from ${places[0].loss.toFixed(4)} to ${last.loss.toFixed(4)}`,
    );
    console.log(`page  ${path}`);
  }
});
