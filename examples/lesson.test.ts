import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const command = ["--conditions=@gradtape/source", "--import=./scripts/typescript.mjs", "examples/lesson.ts"];

it("the lesson's port trains, with the lesson's rates", () => {
  const parts = execFileSync(process.execPath, [...command, "100"], { cwd: root, encoding: "utf8" }).split("part 2");
  const losses = parts.map((part) => Array.from(part.matchAll(/loss ([\d.]+)/g), ([, loss]) => Number(loss)));
  for (const part of losses) {
    expect(part.length).toBeGreaterThanOrEqual(10);
    expect(part.at(-1)).toBeLessThan(0.97 * part[0]);
  }
  const rates = parts.map((part) => Array.from(part.matchAll(/rate ([\d.e-]+)/g), ([, rate]) => Number(rate)));
  expect(rates[0].at(-1)).toBeCloseTo(3e-4 * (0.01 + (0.99 * 100) / 1000), 7);
  expect(rates[1]).toEqual([0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.001, 0.001, 0.001, 0.0001]);
});

it("refuses a number of steps that is none", () => {
  const { status, stderr } = spawnSync(process.execPath, [...command, "many"], { cwd: root, encoding: "utf8" });
  expect([status, stderr.trim()]).toEqual([2, "lesson: the number of steps is a whole number of at least 1, got many"]);
});
