import { expect, test } from "vitest";
import { bundle, chromiumPath, demanded, TestPage } from "./chromium.ts";
import type { Outcome } from "./pages/optimizers.ts";

test.skipIf(chromiumPath === undefined && !demanded)(
  "every optimizer takes the CPU's steps on the GPU device, and reads nothing",
  async () => {
    const page = await TestPage.open(await bundle(`${import.meta.dirname}/pages/optimizers.ts`));
    try {
      expect(await page.call<string[]>("untried")).toEqual([]);
      const outcomes = await page.call<Outcome[]>("outcomes");
      expect(outcomes.length).toBeGreaterThan(20);
      for (const { name, options, worst, moved, reads } of outcomes) {
        const row = `${name} ${JSON.stringify(options)}`;
        expect(worst, row).toBeLessThan(2e-6);
        expect(moved, row).toBeGreaterThan(2e-3);
        expect(reads, row).toBe(0);
      }
    } finally {
      await page.close();
    }
  },
  120_000,
);
