import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a program of this folder in a Node of its own, with the collector at hand, and reads what it prints as JSON. */
function measure(program: string): Record<string, number> {
  const flags = ["--expose-gc", "--conditions=@gradtape/source", "--import=./scripts/typescript.mjs"];
  const { stdout, stderr, status } = spawnSync(process.execPath, [...flags, `tests/memory/${program}`], { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, number>;
}

test("after backward the graph is gone, though its root is held", () => {
  // A product saves its inputs: 49 of the 50 products are held by the next one, and none by the final sum.
  expect(measure("graph.ts")).toEqual({ beforeBackward: 49, afterBackward: 0 });
});

test("10,000 steps in a plain synchronous loop keep the heap flat", () => {
  const { firstMiB, lastMiB, steps } = measure("loop.ts");
  expect(steps).toBe(10_000);
  expect(lastMiB).toBeLessThan(firstMiB + 8);
});
