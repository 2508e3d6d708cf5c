import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { Lesson, type Run } from "./training.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const lesson = new Lesson({ steps: 30, examples: 128, lr: 3e-3 });
const norm = ({ norms }: Run): number => norms["0.weight"].at(-1) as number;

it("AdamW's decay shrinks the weights whatever the size of the gradients; L2's does not", () => {
  // Large enough that eps, the one thing in Adam that has a size, is nothing beside them.
  const [small, large] = [100, 10_000].map((scale) => norm(lesson.run("decoupled", 1, scale)));
  expect(small / large).toBeCloseTo(1, 4);
  expect(large).toBeLessThan(0.98 * norm(lesson.run("decoupled", 0)));
  const [weighty, drowned] = [0.01, 100].map((scale) => norm(lesson.run("L2", 0.1, scale)));
  expect(weighty).toBeLessThan(0.9 * drowned);
});

it("without decay both are the same", () => {
  expect(lesson.run("L2", 0).losses).toEqual(lesson.run("decoupled", 0).losses);
});

it("the explanation calls the decay by its name where it is one", () => {
  expect(lesson.run("decoupled", 0.1).explanation).toContain("weight decay");
});

it("writes one page that loads nothing", () => {
  const out = mkdtempSync(join(tmpdir(), "gradtape-decay-"));
  try {
    const args = ["--conditions=@gradtape/source", "--import=./scripts/typescript.mjs", "examples/adamw-vs-l2/main.ts"];
    const short = ["--steps", "4", "--examples", "64", "--decays", "0,0.5", "--json", "--out", out];
    const stdout = execFileSync(process.execPath, [...args, ...short], { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    expect(JSON.parse(stdout).runs).toHaveLength(10);
    const page = readFileSync(join(out, "index.html"), "utf8");
    for (const id of ["decays", "ends", "scales", "terms"]) expect(page).toContain(`<section id="${id}">`);
    expect(page.replaceAll(/ xmlns(:\w+)?="[^"]*"/g, "")).not.toMatch(/NaN|undefined|https?:|<script/);
  } finally {
    rmSync(out, { recursive: true });
  }
});
