import { readFile } from "node:fs/promises";
import { command, integerFrom, run } from "../shell/command.ts";
import { write } from "../shell/page.ts";
import { adam, clipped, firstExplanation, firstSteps, regression, strides, uncorrected } from "./experiments.ts";
import { type Lesson, lessonPage } from "./page.ts";

/** The clipped rule as it stands in its file. */
async function sourceOf(name: string): Promise<string> {
  const text = await readFile(new URL("./rules.ts", import.meta.url), "utf8");
  const from = text.indexOf(`export const ${name}`);
  return text.slice(from, text.indexOf("\n);", from) + 3);
}

await run(async () => {
  const options = command("custom-optimizer", "Adam with clipping as a rule of one's own, and Adam without bias correction.")
    .option("--steps <n>", "steps of the regression with outliers", integerFrom(2), 1200)
    .option("--first <n>", "steps for which the length of a step is drawn", integerFrom(2), 5000)
    .option("--digits <n>", "steps on digits", integerFrom(1), 60)
    .option("--out <dir>", "where the page goes", "out/custom-optimizer")
    .option("--json", "a summary as one line of JSON on stdout, nothing else", false)
    .parse()
    .opts<{ readonly steps: number; readonly first: number; readonly digits: number; readonly out: string; readonly json: boolean }>();
  const lesson: Lesson = {
    regression: { plain: regression(adam, options.steps), changed: regression(clipped, options.steps) },
    strides: { plain: strides(adam, options.first), changed: strides(uncorrected, options.first) },
    losses: { plain: firstSteps(adam, options.digits, 5e-3), changed: firstSteps(uncorrected, options.digits, 5e-3) },
    source: await sourceOf("clippedAdam"),
    explanations: { plain: firstExplanation(adam), changed: firstExplanation(uncorrected) },
  };
  const path = await write(options.out, "index.html", lessonPage(lesson));
  const ends = { adam: lesson.regression.plain.at(-1), clipped: lesson.regression.changed.at(-1) };
  const first = { corrected: lesson.strides.plain[0], uncorrected: lesson.strides.changed[0], most: Math.max(...lesson.strides.changed) };
  if (options.json) console.log(JSON.stringify({ distance: ends, strides: first, page: path }));
  else {
    console.log(`regression with outliers: Adam ends ${ends.adam?.toFixed(3)} from the weights, ClippedAdam ${ends.clipped?.toFixed(3)}`);
    console.log(
      `first step: ${first.corrected.toFixed(3)} rates long, without correction ${first.uncorrected.toFixed(3)}, and up to ${first.most.toFixed(3)}`,
    );
    console.log(`page  ${path}`);
  }
});
