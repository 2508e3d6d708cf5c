import { command, integerFrom, run } from "../shell/command.ts";
import { write } from "../shell/page.ts";
import { sheet } from "./drawing.ts";
import { gallery } from "./gallery.ts";

await run(async () => {
  const { steps, out } = command("schedules", "Draws every learning-rate schedule, from its closed form, on one sheet.")
    .option("--steps <n>", "steps of the training", integerFrom(20), 10_000)
    .option("--out <dir>", "where the sheet goes", "out/schedules")
    .parse()
    .opts<{ readonly steps: number; readonly out: string }>();
  const begin = performance.now();
  const exhibits = gallery(steps);
  const path = await write(out, "schedules.svg", sheet(exhibits, steps));
  console.log(`${exhibits.length} schedules, ${steps} steps each, in ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  console.log(`sheet  ${path}`);
});
