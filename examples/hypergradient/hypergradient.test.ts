import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { check, descend } from "./descent.ts";
import { Fit } from "./training.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const start = { lr: 0.05, momentum: 0.5 };

it("the gradient through the updates is that of finite differences", () => {
  for (const { backprop, difference } of check(new Fit(12), start)) {
    expect(Math.abs(backprop)).toBeGreaterThan(1e-4);
    expect(Math.abs(backprop - difference)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(difference)));
  }
});

it("a recorded training takes the same steps as a plain one", () => {
  const fit = new Fit(9);
  expect(fit.lossAfter(start).item()).toBeCloseTo(fit.losses(start).at(-1) as number, 14);
});

it("what is learnt makes the training better, and changes both numbers", () => {
  const places = descend(new Fit(10), start, 8);
  const [first, last] = [places[0], places[places.length - 1]];
  expect(last.loss).toBeLessThan(0.95 * first.loss);
  expect(last.lr).toBeGreaterThan(first.lr);
  expect(last.momentum).not.toBeCloseTo(first.momentum, 3);
});

it("writes one page that loads nothing", () => {
  const out = mkdtempSync(join(tmpdir(), "gradtape-hypergradient-"));
  try {
    const args = ["--conditions=@gradtape/source", "--import=./scripts/typescript.mjs", "examples/hypergradient/main.ts"];
    const stdout = execFileSync(process.execPath, [...args, "--steps", "6", "--iterations", "3", "--grid", "4", "--json", "--out", out], {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    expect(JSON.parse(stdout).last.loss).toBeLessThan(JSON.parse(stdout).first.loss);
    const page = readFileSync(join(out, "index.html"), "utf8");
    for (const id of ["plane", "meta", "training", "check"]) expect(page).toContain(`<section id="${id}">`);
    expect(page.replaceAll(/ xmlns(:\w+)?="[^"]*"/g, "")).not.toMatch(/NaN|undefined|https?:|<script/);
  } finally {
    rmSync(out, { recursive: true });
  }
});
