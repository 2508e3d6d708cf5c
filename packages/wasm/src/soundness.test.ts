import { hostData, type View } from "@gradtape/core";
import { expect, test } from "vitest";
import { createWasmBackend } from "./index.ts";
import { unsound } from "./soundness.ts";

test("a backend that computes the same in both precisions is sound", () => {
  expect(unsound(createWasmBackend())).toBeUndefined();
  expect(unsound(createWasmBackend({ fused: false }))).toBeUndefined();
});

test.each([
  ["map", 3, "formulas"],
  ["mapRows", 3, "rows"],
  ["reduce", 3, "sums of rows"],
  ["matmul", 2, "products"],
  ["convolve", 2, "convolutions"],
  ["convolveWeight", 2, "gradients of weights"],
  ["pool", 2, "pooling"],
] as const)("a number that %s gets wrong is found", (method, place, name) => {
  const backend = createWasmBackend();
  const compute = (backend[method] as (...operands: unknown[]) => unknown).bind(backend);
  Object.assign(backend, {
    [method]: (...operands: unknown[]) => {
      const done = compute(...operands);
      const [output] = [operands[place]].flat() as View[];
      if (output.dtype === "float32") hostData(output)[output.storage.length >> 1] += 0.05;
      return done;
    },
  });
  expect(unsound(backend)).toBe(name);
});
