import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Trains where code generation from strings is forbidden, as on a page whose policy allows `wasm-unsafe-eval` alone. */
function train(backend: "wasm" | "reference"): number[] {
  const flags = ["--disallow-code-generation-from-strings", "--conditions=@gradtape/source", "--import=./scripts/typescript.mjs"];
  const { stdout, stderr, status } = spawnSync(process.execPath, [...flags, "tests/policy/training.ts", backend], { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as number[];
}

test("a page without unsafe-eval can import everything and train, on both backends", () => {
  const [fast, plain] = [train("wasm"), train("reference")];
  expect(fast).toHaveLength(5);
  fast.forEach((loss, k) => {
    expect(loss).toBeCloseTo(plain[k], 5);
  });
  expect(fast[4]).toBeLessThan(fast[0]);
});
