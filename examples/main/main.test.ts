import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { data } from "gradtape";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadDatasets } from "./datasets.ts";
import { completeSettings } from "./settings.ts";
import { Training } from "./training.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const small = ["--examples", "500"];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gradtape-main-"));
});

afterAll(() => rm(folder, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the main job in a process of its own; `watch` sees what it has written to stderr so far. */
function run(args: readonly string[], watch: (stderr: string, child: ChildProcess) => void = () => {}): Promise<Ended> {
  const child = spawn(process.execPath, ["--conditions=@gradtape/source", "--import=./scripts/typescript.mjs", "examples/main/main.ts", ...args], {
    cwd: root,
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => void (stdout += text));
  child.stderr.on("data", (text) => {
    stderr += text;
    watch(stderr, child);
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}

const losses = async (file: string): Promise<readonly number[]> => [...(await data.loadCheckpoint(file)).history.losses];

describe("npm start", () => {
  it("with --json gives one line of summary, a checkpoint, and a report that loads nothing", async () => {
    const out = join(folder, "json");
    const { code, stdout } = await run([...small, "--steps", "30", "--json", "--out", out]);
    expect(code).toBe(0);
    expect(stdout.trim().split("\n")).toHaveLength(1);
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({ steps: 30, backend: expect.any(String), checkpoint: join(out, "checkpoint.safetensors") });
    expect(summary.finalLoss).toBe((await losses(summary.checkpoint))[29]);
    expect(summary.testAccuracy).toBeGreaterThan(0.1);
    expect(summary.seconds).toBeGreaterThan(0);
    const report = await readFile(summary.report, "utf8");
    for (const section of ["loss", "accuracy", "schedule", "tape", "update", "confusion", "mistakes", "settings"])
      expect(report).toContain(`<section id="${section}">`);
    const loading = report.match(/\b(src|href)\s*=\s*"(?!data:|#)[^"]*"|url\((?!#)[^)]*\)/g) ?? [];
    expect(loading).toEqual([]);
    expect(report.replaceAll(/ xmlns(:\w+)?="[^"]*"/g, "")).not.toMatch(/https?:|<script|@import/);
    expect(report).not.toMatch(/NaN|undefined|\[object/);
    expect(report.match(/<math/g)!.length).toBeGreaterThanOrEqual(13);
  });

  it("without --json prints the confusion matrix and where things are; without a report when told so", async () => {
    const out = join(folder, "plain");
    const { code, stdout } = await run([...small, "--steps", "2", "--no-report", "--out", out, "--optimizer", "SGD", "--schedule", "step"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/SGD, step, step 0 to 2/);
    expect(stdout.match(/^[0-9] .* %$/gm)).toHaveLength(10);
    expect(stdout).toMatch(/test accuracy {2}\d+\.\d\d % of 100/);
    expect(stdout).not.toMatch(/report {2}/);
  });

  it.each(["SIGINT", "SIGTERM"] as const)("on %s saves a checkpoint, from which it goes on exactly", async (signal) => {
    const out = join(folder, signal);
    const file = join(out, "checkpoint.safetensors");
    let sent = false;
    const stopped = await run([...small, "--steps", "60", "--seed", "5", "--out", out], (stderr, child) => {
      if (!sent && stderr.includes("step ")) sent = child.kill(signal);
    });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain(`saved in ${file}`);
    expect(stopped.stderr).toContain(`npm start -- --resume ${file}`);
    const before = await losses(file);
    expect(before.length).toBeGreaterThan(0);
    expect(before.length).toBeLessThan(60);
    const resumed = await run(["--resume", file, "--json", "--out", out]);
    expect(JSON.parse(resumed.stdout).steps).toBe(60);
    const settings = completeSettings({ examples: 500, steps: 60, seed: 5 });
    const whole = new Training(settings, await loadDatasets(settings));
    for await (const _ of whole.run());
    expect(await losses(file)).toEqual(whole.history.losses);
  });

  it("reads MNIST files, plain and gzip", async () => {
    const idx = (bytes: Uint8Array, ...shape: number[]): Uint8Array => {
      const head = Buffer.from([0, 0, 8, shape.length, ...shape.flatMap((n) => [n >> 24, n >> 16, n >> 8, n])]);
      return Buffer.concat([head, bytes]);
    };
    const [train, test] = [data.digits({ count: 120 }), data.digits({ count: 30, split: "test" })];
    await writeFile(join(folder, "train-images-idx3-ubyte.gz"), gzipSync(idx(train.images, 120, 28, 28)));
    await writeFile(join(folder, "train-labels-idx1-ubyte.gz"), gzipSync(idx(train.labels, 120)));
    await writeFile(join(folder, "t10k-images-idx3-ubyte"), idx(test.images, 30, 28, 28));
    await writeFile(join(folder, "t10k-labels-idx1-ubyte"), idx(test.labels, 30));
    const { code, stdout } = await run(["--data", folder, "--steps", "3", "--out", join(folder, "mnist")]);
    expect(code).toBe(0);
    expect(stdout).toContain("120 MNIST digits");
    expect(stdout).toContain("% of 30");
  });
});

describe("bad input", () => {
  let checkpoint: string;
  beforeAll(async () => {
    const { stdout } = await run([...small, "--steps", "2", "--no-report", "--json", "--out", join(folder, "good")]);
    ({ checkpoint } = JSON.parse(stdout));
    await writeFile(join(folder, "cut"), (await readFile(checkpoint)).subarray(0, 100_000));
    await data.saveCheckpoint(join(folder, "other"), { model: {} });
    await writeFile(join(folder, "file"), "");
  });

  it.each<[name: string, args: (() => string)[], reason: RegExp]>([
    ["a negative rate", [() => "--lr", () => "-0.1"], /'--lr <rate>' argument '-0.1' is invalid. It must be a number of at least 0/],
    ["no number", [() => "--lr", () => "fast"], /must be a number/],
    ["no steps", [() => "--steps", () => "0"], /'--steps <n>' argument '0' is invalid. It must be a whole number of at least 1/],
    ["half a batch", [() => "--batch", () => "1.5"], /must be a whole number/],
    ["too large a batch", [() => "--examples=20", () => "--batch=32"], /--batch: 32 examples per step, but there are only 20/],
    ["an unknown option", [() => "--step", () => "3"], /unknown option '--step'.*--steps/],
    ["an unknown optimizer", [() => "--optimizer", () => "adamm"], /--optimizer: "adamm" is not known, did you mean adam.*sgd/],
    ["an unknown schedule", [() => "--schedule", () => "cosin"], /--schedule: "cosin" is not known.*warmup-cosine/],
    ["a warm-up that is too long", [() => "--warmup", () => "5", () => "--steps", () => "5"], /leave nothing of 5 steps/],
    ["a warm-up that is not there", [() => "--warmup", () => "5", () => "--schedule", () => "cosine"], /choose --schedule warmup-cosine/],
    ["a missing directory", [() => "--data", () => join(folder, "none")], /loadMnist: .*none has no train-images/],
    ["a missing checkpoint", [() => "--resume", () => join(folder, "none")], /none: cannot be read/],
    ["a damaged checkpoint", [() => "--resume", () => join(folder, "cut")], /cut: .*damaged/],
    ["another program's checkpoint", [() => "--resume", () => join(folder, "other")], /not of this program/],
    [
      "a checkpoint of other options",
      [() => "--resume", () => checkpoint, () => "--lr", () => "1"],
      /was trained with --lr 0.0003, not 1; leave --lr out/,
    ],
    ["an output folder that is a file", [() => "--out", () => join(folder, "file"), () => "--examples=10", () => "--batch=1"], /EEXIST/],
  ])("refuses %s in one line, with exit code 2", async (_, args, reason) => {
    const { code, stdout, stderr } = await run(args.map((arg) => arg()));
    expect(stderr).toMatch(reason);
    expect(stderr).toMatch(/^error: /);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });
});
