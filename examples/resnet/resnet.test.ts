import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Generator, tensor } from "gradtape";
import { expect, it } from "vitest";
import { augment, drawImages } from "./images.ts";
import { contenders, train } from "./training.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const command = ["--conditions=@gradtape/source", "--import=./scripts/typescript.mjs", "examples/resnet/main.ts"];
const tiny = ["--steps", "2", "--width", "2", "--batch", "4", "--examples", "20", "--tests", "10"];

it("two steps of both optimizers make one page that loads nothing", () => {
  const out = mkdtempSync(join(tmpdir(), "gradtape-resnet-"));
  try {
    const args = [...command, ...tiny, "--json", "--out", out];
    const stdout = execFileSync(process.execPath, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const { runs } = JSON.parse(stdout);
    expect(runs.map(({ name, step }: { name: string; step: number }) => [name, step])).toEqual([
      ["SGD with momentum", 2],
      ["Adam", 2],
    ]);
    expect(runs[0].losses[0]).toBe(runs[1].losses[0]);
    const page = readFileSync(join(out, "index.html"), "utf8");
    for (const id of ["losses", "accuracies", "ends", "network"]) expect(page).toContain(`<section id="${id}">`);
    expect(page.replaceAll(/ xmlns(:\w+)?="[^"]*"/g, "")).not.toMatch(/NaN|undefined|https?:|<script/);
  } finally {
    rmSync(out, { recursive: true });
  }
});

it("says what is wrong with files that are no CIFAR-10", () => {
  const folder = mkdtempSync(join(tmpdir(), "gradtape-resnet-"));
  try {
    for (const k of [1, 2, 3, 4, 5]) writeFileSync(join(folder, `data_batch_${k}.bin`), new Uint8Array(3073));
    const { status, stderr } = spawnSync(process.execPath, [...command, ...tiny, "--data", folder], { cwd: root, encoding: "utf8" });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^error: .*expected 10000 records/)]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("both learn the shapes", () => {
  const images = drawImages(40, 10, 0);
  for (const contender of contenders) {
    const { losses, statePerParameter } = train(contender, images, { width: 4, steps: 14, batch: 8, seed: 1 }, () => {});
    const mean = (values: readonly number[]): number => values.reduce((sum, loss) => sum + loss, 0) / values.length;
    expect(mean(losses.slice(-4))).toBeLessThan(mean(losses.slice(0, 4)));
    expect(statePerParameter).toBeCloseTo(contender.name === "Adam" ? 2 : 1, 6);
  }
});

it("moved and mirrored images keep their colours", () => {
  const image = tensor(
    Float32Array.from({ length: 2 * 12 * 12 }, (_, k) => 1 + (k % 144)),
    { shape: [1, 2, 12, 12] },
  );
  const [first, second] = augment(image, new Generator(2)).unbind(1);
  expect(first.toArray()).toEqual(second.toArray());
  const values = new Set(image.data());
  const changed = [...first.data()];
  expect(changed.every((value) => value === 0 || values.has(value))).toBe(true);
  expect(changed.filter((value) => value !== 0).length).toBeGreaterThanOrEqual(64);
});
