import { afterAll, beforeAll, expect, test } from "vitest";
import type { Comparison } from "./pages/comparison.ts";
import type { Stage } from "./stage.ts";

/** The tests of a GPU device against the reference, on a stage with `pages/conformance.ts`. */
export function conformanceTests(open: () => Promise<Stage>): void {
  let stage: Stage;
  beforeAll(async () => {
    stage = await open();
  }, 60_000);
  afterAll(() => stage?.close());

  test.each(["elementwise", "layouts", "waiting", "reductions", "products", "convolutions", "poolings", "picking", "gradients"])(
    "%s",
    async (part) => {
      const results = await stage.call<Comparison[]>(part);
      const problems = results.flatMap(({ name, problem }) => (problem === undefined ? [] : [`${name}: ${problem}`]));
      expect(problems, `${problems.length} of ${results.length}\n${problems.join("\n")}`).toEqual([]);
      expect(results.length).toBeGreaterThan(5);
    },
    120_000,
  );
}
