import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundle, chromiumPath, TestPage } from "../../browser/chromium.ts";
import type { Timing } from "./page.ts";

const usage = `pnpm bench gpu [--only TEXT] [--rounds 9] [--out NAME] [--hardware]

Runs every workload on @gradtape/gpu and on tfjs-backend-webgl, in turn in one page of Chromium, and checks that both compute the same.

  --only       workloads whose name contains this
  --rounds     rounds of each workload
  --out        writes results/NAME.json and results/NAME.md; a run of everything writes results/gpu
  --hardware   lets Chromium use the machine's GPU, instead of SwiftShader
  --help       prints this
`;

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    rounds: { type: "string", default: "9" },
    out: { type: "string" },
    hardware: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const rounds = Number(values.rounds);
if (!(Number.isInteger(rounds) && rounds > 0)) throw new TypeError(`bench gpu: --rounds takes a whole number above 0, got ${values.rounds}`);
if (chromiumPath === undefined) throw new Error("bench gpu: there is no Chromium; install it, or set GRADTAPE_CHROMIUM");

const page = await TestPage.open(await bundle(join(import.meta.dirname, "page.ts")), { hardware: values.hardware });
try {
  const machine = await page.call<{ renderer: string; browser: string; tfjs: string }>("machine");
  console.log(`${machine.renderer}; tfjs ${machine.tfjs}`);
  const timings: Timing[] = [];
  for (const name of (await page.call<string[]>("names")).filter((each) => each.includes(values.only))) {
    const timing = await page.call<Timing>("run", name, rounds);
    timings.push(timing);
    console.log(
      `${name.padEnd(52)} ${timing.ours.toFixed(2).padStart(9)} ms ${timing.theirs.toFixed(2).padStart(9)} ms   ${timing.ratio.toFixed(2)}`,
    );
  }
  const out = values.out ?? (values.only === "" ? "gpu" : undefined);
  if (out !== undefined) {
    const folder = join(import.meta.dirname, "../results");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${out}.json`), `${JSON.stringify({ machine, timings }, null, 2)}\n`);
    writeFileSync(join(folder, `${out}.md`), table(machine, timings));
  }
} finally {
  await page.close();
}

function table(machine: { renderer: string; browser: string; tfjs: string }, timings: readonly Timing[]): string {
  return [
    `${machine.renderer}. ${machine.browser}. tfjs-backend-webgl ${machine.tfjs}, WebGL2, default settings.`,
    "",
    "Both libraries run in turn in one page and wait for the device after each round; times are medians, the ratio is the median of the ratios of neighbouring rounds.",
    "",
    "| Workload | Gradtape, ms | tfjs, ms | Gradtape / tfjs |",
    "| --- | ---: | ---: | ---: |",
    ...timings.map(({ name, ours, theirs, ratio }) => `| ${name} | ${ours.toFixed(2)} | ${theirs.toFixed(2)} | ${ratio.toFixed(2)} |`),
    "",
  ].join("\n");
}
