import { plainWords } from "@gradtape/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createWasmBackend } from "../../index.ts";

test("random words are those of core, from any block on, for any seed", () => {
  const backend = createWasmBackend();
  const big = fc.oneof(fc.nat(100), fc.integer({ min: 2 ** 32 - 40, max: 2 ** 32 + 40 }), fc.nat(2 ** 31), fc.integer({ min: 0, max: 2 ** 50 }));
  fc.assert(
    fc.property(big, big, fc.integer({ min: 1, max: 70 }), (seed, first, blocks) => {
      const [fast, plain] = [new Uint32Array(4 * blocks), new Uint32Array(4 * blocks)];
      backend.randomWords(fast, blocks, first, seed);
      plainWords(plain, blocks, first, seed);
      expect(fast).toEqual(plain);
    }),
    { numRuns: 300 },
  );
});
