import { describe, expect, test } from "vitest";
import { page as html, script } from "../../examples/browser-gpu/serve.ts";
import { chromiumPath, demanded, TestPage } from "./chromium.ts";

describe.skipIf(chromiumPath === undefined && !demanded)("examples/browser-gpu", () => {
  test("learns on the GPU, moves to the CPU and back without forgetting", async () => {
    const opened = await TestPage.open(await script(), { html: html() });
    try {
      const { page } = opened;
      const textOf = async (id: string): Promise<string> => (await page.textContent(`#${id}`)) ?? "";
      const pastStep = async (step: number): Promise<void> => {
        await page.waitForFunction((least) => Number(document.getElementById("step")?.textContent) >= least, step, { timeout: 60_000 });
      };
      await pastStep(110);
      expect(await page.getAttribute("#gpu", "aria-pressed")).toBe("true");
      expect(await textOf("where")).toContain("kernels");
      const before = Number(await textOf("loss"));
      await page.click("#cpu");
      await pastStep(Number(await textOf("step")) + 30);
      expect(Number(await textOf("loss"))).toBeLessThan(before + 0.6);
      await page.click("#gpu");
      await pastStep(Number(await textOf("step")) + 60);
      expect(Number.parseFloat(await textOf("accuracy"))).toBeGreaterThan(60);
      expect(await page.locator("polyline").count()).toBe(3);
      if (process.env.GRADTAPE_SCREENSHOT !== undefined) await page.screenshot({ path: process.env.GRADTAPE_SCREENSHOT });
      expect(opened.console.filter((line) => line.startsWith("error"))).toEqual([]);
    } finally {
      await opened.close();
    }
  }, 120_000);
});
