import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { evaluate, formula, optim } from "gradtape";
import { expect, it } from "vitest";
import { gallery } from "./gallery.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

it("every schedule of the library hangs in the gallery", () => {
  const classes = Object.entries(optim).flatMap(([name, value]) =>
    typeof value === "function" && (value.prototype instanceof optim.LRScheduler || name === "ReduceLROnPlateau") ? [name] : [],
  );
  const shown = gallery(100).map(({ name }) => name.split(",")[0]);
  expect(classes.filter((name) => !shown.includes(name))).toEqual([]);
});

it.each(gallery(700).flatMap((exhibit) => (exhibit.formula === undefined ? [] : [exhibit])))(
  "$name is the formula that is printed beside it",
  (exhibit) => {
    const lines = [...formula(exhibit.formula as string).resolve()];
    const [, expression] = lines[lines.length - 1];
    const rates = exhibit.rates(700);
    rates.forEach((rate, step) => void expect(evaluate(expression, { ...exhibit.values, step, base: 1 }), `step ${step}`).toBeCloseTo(rate, 12));
  },
);

it("ReduceLROnPlateau halves the rate each time the loss stalls", () => {
  const [plateau] = gallery(1000).filter(({ name }) => name === "ReduceLROnPlateau");
  const levels = [...new Set(plateau.rates(1000))];
  expect(levels.length).toBeGreaterThan(2);
  levels.forEach((rate, k) => void expect(rate).toBe(0.5 ** k));
});

it("draws them on one sheet that loads nothing", () => {
  const out = mkdtempSync(join(tmpdir(), "gradtape-schedules-"));
  try {
    const args = ["--conditions=@gradtape/source", "--import=./scripts/typescript.mjs", "examples/schedules/main.ts", "--steps", "200", "--out", out];
    expect(execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" })).toContain("schedules, 200 steps each");
    const svg = readFileSync(join(out, "schedules.svg"), "utf8");
    for (const { name } of gallery(200)) expect(svg).toContain(`>${name}</text>`);
    expect(svg).not.toMatch(/NaN|undefined|<script|href="http/);
  } finally {
    rmSync(out, { recursive: true });
  }
});
