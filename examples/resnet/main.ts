// ResNet-18 on CIFAR-10, trained by SGD with momentum and by Adam. Run it with
//   tsx --conditions=@gradtape/source examples/resnet/main.ts [--data cifar-10-batches-bin --width 64 --steps 20000 --batch 128]
import { command, integerFrom, run } from "../shell/command.ts";
import { write } from "../shell/page.ts";
import { countdown } from "../shell/progress.ts";
import { drawImages, loadImages } from "./images.ts";
import { comparisonPage } from "./page.ts";
import { contenders, train } from "./training.ts";

interface Options {
  readonly data?: string;
  readonly examples: number;
  readonly tests: number;
  readonly width: number;
  readonly steps: number;
  readonly batch: number;
  readonly seed: number;
  readonly out: string;
  readonly json: boolean;
}

await run(async () => {
  const options = command("resnet", "Trains a ResNet-18 on CIFAR-10, or on drawn shapes, by SGD with momentum and by Adam.")
    .option("--data <dir>", "CIFAR-10's binary files instead of drawn shapes")
    .option("--examples <n>", "shapes to draw for training", integerFrom(10), 1000)
    .option("--tests <n>", "images to test on", integerFrom(10), 200)
    .option("--width <n>", "channels of the first stage; 64 is the real network", integerFrom(1), 8)
    .option("--steps <n>", "steps of both trainings", integerFrom(1), 100)
    .option("--batch <n>", "images per step", integerFrom(2), 16)
    .option("--seed <n>", "seed of weights, order and shapes", integerFrom(0), 0)
    .option("--out <dir>", "where the page goes", "out/resnet")
    .option("--json", "the results as one line of JSON on stdout, nothing else", false)
    .parse()
    .opts<Options>();
  const { width, steps, batch, seed } = options;
  const setup = { width, steps, batch, seed };
  const images = options.data === undefined ? drawImages(options.examples, options.tests, seed) : await loadImages(options.data, options.tests);
  const progress = countdown(contenders.length * steps);
  const runs = contenders.map((contender) => train(contender, images, setup, () => progress.tick(contender.name)));
  progress.stop();
  const counts = [images.train.length, images.test.length] as const;
  const path = await write(options.out, "index.html", comparisonPage({ runs, setup, about: images.about, counts }));
  const ends = runs.map(({ contender: { name }, losses, evaluations, msPerStep }) => ({
    name,
    losses,
    ...evaluations[evaluations.length - 1],
    msPerStep,
  }));
  if (options.json) console.log(JSON.stringify({ about: images.about, setup, runs: ends, page: path }));
  else {
    console.log(`ResNet-18 of width ${width} on ${images.about}, ${steps} steps of ${batch}`);
    for (const { name, loss, accuracy, msPerStep } of ends)
      console.log(`${name.padEnd(18)} test loss ${loss.toFixed(3)}  right ${(100 * accuracy).toFixed(1)} %  ${msPerStep.toFixed(0)} ms per step`);
    console.log(`page  ${path}`);
  }
});
