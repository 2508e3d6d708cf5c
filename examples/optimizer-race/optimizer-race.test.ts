import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { optim } from "gradtape";
import { afterAll, expect, it } from "vitest";
import { entrants } from "./entrants.ts";
import { heightOf, problems } from "./problems.ts";
import { compete } from "./race.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const command = ["--conditions=@gradtape/source", "--import=./scripts/typescript.mjs", "examples/optimizer-race/main.ts"];
const out = mkdtempSync(join(tmpdir(), "gradtape-race-"));
afterAll(() => rmSync(out, { recursive: true }));

it("every optimizer of the library takes part", () => {
  const classes = Object.entries(optim).flatMap(([name, value]) =>
    typeof value === "function" && value.prototype instanceof optim.Optimizer ? [name] : [],
  );
  expect(entrants.map(({ name }) => name)).toEqual(expect.arrayContaining(classes));
});

it("surfaces are 0 at their minimum and have their minimum there", () => {
  for (const { surface } of problems) {
    if (surface === undefined) continue;
    const height = heightOf(surface);
    const [a, b] = surface.minimum;
    expect(height(a, b)).toBeCloseTo(0, 12);
    for (const [x, y] of [
      [1e-3, 0],
      [-1e-3, 0],
      [0, 1e-3],
      [0, -1e-3],
    ])
      expect(height(a + x, b + y)).toBeGreaterThan(0);
  }
});

it("the search takes the best rate that it tried, and the run is that rate's", () => {
  const [, beale] = problems;
  const sgd = entrants.find(({ name }) => name === "SGD") as (typeof entrants)[number];
  const result = compete({ ...beale, steps: 250, searchSteps: 250 }, sgd);
  const reached = result.search.flatMap(({ steps }) => steps ?? []);
  expect(result.stepsToThreshold).toBe(Math.min(...reached));
  expect(result.losses.slice(result.stepsToThreshold as number).every((loss) => loss <= beale.threshold)).toBe(true);
  expect(result.path).toHaveLength(251);
  expect([result.statePerParameter, result.gradientsPerStep]).toEqual([0, 1]);
});

it("writes one page that loads nothing, and the results as JSON", () => {
  const args = ["--only", "sgd,adam,muon,lbfgs", "--steps", "4", "--json", "--out", out];
  const { results } = JSON.parse(
    execFileSync(process.execPath, [...command, ...args], { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
  );
  expect(results).toHaveLength(4 * 5);
  const memory = (name: string): number =>
    results.find((r: { optimizer: string; problem: string }) => r.optimizer === name && r.problem === "Digits").statePerParameter;
  expect([memory("SGD"), memory("SGD, momentum"), memory("Adam")]).toEqual([0, 1, 2]);
  const page = readFileSync(join(out, "index.html"), "utf8");
  for (const id of ["standings", "stage-rosenbrock", "stage-digits", "method"]) expect(page).toContain(`<section id="${id}">`);
  expect(page.replaceAll(/ xmlns(:\w+)?="[^"]*"/g, "")).not.toMatch(/NaN|undefined|https?:|<script/);
});

it("refuses an optimizer that does not exist, and says which is meant", () => {
  const { status, stderr } = spawnSync(process.execPath, [...command, "--only", "adan"], { cwd: root, encoding: "utf8" });
  expect(status).toBe(1);
  expect(stderr).toMatch(/--only: "adan" is not known, did you mean/);
});
