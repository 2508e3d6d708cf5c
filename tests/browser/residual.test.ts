import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle, chromiumPath, demanded, TestPage } from "./chromium.ts";

describe.skipIf(chromiumPath === undefined && !demanded)("a residual network on the GPU device in Chromium", () => {
  let page: TestPage;
  beforeAll(async () => {
    page = await TestPage.open(await bundle(`${import.meta.dirname}/pages/residual.ts`));
  }, 60_000);
  afterAll(() => page?.close());

  describe.each(["SGD with momentum", "Adam"])("%s", (name) => {
    test("its losses are the CPU's", async () => {
      const { gpu, cpu } = await page.call<{ gpu: number[]; cpu: number[] }>("losses", name, 20);
      expect(gpu.length).toBe(20);
      expect(cpu[19]).toBeLessThan(0.9 * cpu[0]);
      gpu.forEach(
        (loss, step) => void expect(Math.abs(loss - cpu[step]) / cpu[step], `step ${step}: ${loss}, on the CPU ${cpu[step]}`).toBeLessThan(2e-4),
      );
    }, 120_000);

    test("nothing leaves or enters the device in 20 steps but the batches", async () => {
      const { uploads, reads, steps } = await page.call<{ uploads: number; reads: number; steps: number }>("transfers", name);
      expect(reads).toBe(0);
      expect(uploads).toBe(2 * steps);
    }, 60_000);

    test("60 steps need no more textures than the first 20", async () => {
      const { made, used, blocks } = await page.call<Record<"made" | "used" | "blocks", number[]>>("textures", name, 60);
      for (const counts of [made, used, blocks]) expect(new Set(counts.slice(1)).size, String(counts)).toBe(1);
    }, 120_000);
  });
});
