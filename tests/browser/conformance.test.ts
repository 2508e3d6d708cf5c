import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle, chromiumPath, demanded, TestPage } from "./chromium.ts";
import type { Comparison } from "./pages/comparison.ts";

const skipped = chromiumPath === undefined && !demanded;
if (skipped) console.warn("tests/browser: skipped, there is no Chromium; install it, or set GRADTAPE_CHROMIUM");

describe.skipIf(skipped)("the GPU device in Chromium, against the reference", () => {
  let page: TestPage;
  beforeAll(async () => {
    page = await TestPage.open(await bundle(`${import.meta.dirname}/pages/conformance.ts`));
  }, 60_000);
  afterAll(() => page?.close());

  test.each(["elementwise", "layouts", "reductions", "products", "convolutions", "poolings", "picking", "gradients"])(
    "%s",
    async (part) => {
      const results = await page.call<Comparison[]>(part);
      const problems = results.flatMap(({ name, problem }) => (problem === undefined ? [] : [`${name}: ${problem}`]));
      expect(problems, `${problems.length} of ${results.length}\n${problems.join("\n")}`).toEqual([]);
      expect(results.length).toBeGreaterThan(5);
    },
    120_000,
  );
});
