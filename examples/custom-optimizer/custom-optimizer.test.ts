import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { optim, Parameter, tensor } from "gradtape";
import { expect, it } from "vitest";
import { adam, clipped, strides, uncorrected } from "./experiments.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

it("the user's rule is Adam on gradients that were clipped before, in under 15 lines", () => {
  const source = readFileSync(join(root, "examples/custom-optimizer/rules.ts"), "utf8");
  const from = source.indexOf("export const clippedAdam");
  expect(source.slice(from, source.indexOf("\n);", from) + 3).split("\n").length).toBeLessThan(15);
  const make = (): Parameter => new Parameter(tensor([1, -2, 3], { dtype: "float64" }));
  const [own, known] = [make(), make()];
  const mine = clipped([own], 0.1);
  const theirs = adam([known], 0.1);
  for (const size of [0.1, 50, 3, 0.2]) {
    for (const p of [own, known]) {
      p.grad = null;
      p.square().mul(size).sum().backward();
    }
    optim.clipGradNorm(known, 1);
    mine.step();
    theirs.step();
  }
  expect(own.data()).toEqual(known.data());
  // A clipped first step is still as long as the rate: Adam divides by what was clipped too. Later steps differ from plain Adam's.
  const free = make();
  const plain = adam([free], 0.1);
  for (const size of [0.1, 50, 3, 0.2]) {
    free.grad = null;
    free.square().mul(size).sum().backward();
    plain.step();
  }
  expect(Math.abs(free.data()[0] - own.data()[0])).toBeGreaterThan(1e-3);
});

it("without bias correction the first steps are too long, by the factors of the two means", () => {
  const corrected = strides(adam, 30);
  const without = strides(uncorrected, 30);
  corrected.forEach((stride) => void expect(stride).toBeCloseTo(1, 6));
  without.forEach((stride, k) => void expect(stride).toBeCloseTo((1 - 0.9 ** (k + 1)) / Math.sqrt(1 - 0.999 ** (k + 1)), 5));
});

it("writes one page that loads nothing", () => {
  const out = mkdtempSync(join(tmpdir(), "gradtape-custom-"));
  try {
    const args = ["--conditions=@gradtape/source", "--import=./scripts/typescript.mjs", "examples/custom-optimizer/main.ts"];
    const short = ["--steps", "300", "--first", "20", "--digits", "2", "--json", "--out", out];
    const told = JSON.parse(execFileSync(process.execPath, [...args, ...short], { cwd: root, encoding: "utf8" }));
    expect(told.distance.clipped).toBeLessThan(0.7 * told.distance.adam);
    const page = readFileSync(join(out, "index.html"), "utf8");
    for (const id of ["rule", "strides", "losses", "terms"]) expect(page).toContain(`<section id="${id}">`);
    expect(page.replaceAll(/ xmlns(:\w+)?="[^"]*"/g, "")).not.toMatch(/NaN|undefined|https?:|<script/);
  } finally {
    rmSync(out, { recursive: true });
  }
});
