import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle, chromiumPath, demanded, TestPage } from "./chromium.ts";

describe.skipIf(chromiumPath === undefined && !demanded)("training on the GPU device in Chromium", () => {
  let page: TestPage;
  beforeAll(async () => {
    page = await TestPage.open(await bundle(`${import.meta.dirname}/pages/training.ts`));
  }, 60_000);
  afterAll(() => page?.close());

  test("100 losses of the lesson's network are the CPU's", async () => {
    const { gpu, cpu } = await page.call<{ gpu: number[]; cpu: number[] }>("losses", 100);
    expect(gpu.length).toBe(100);
    expect(cpu[99]).toBeLessThan(0.5 * cpu[0]);
    gpu.forEach(
      (loss, step) => void expect(Math.abs(loss - cpu[step]) / cpu[step], `step ${step}: ${loss}, on the CPU ${cpu[step]}`).toBeLessThan(2e-4),
    );
  }, 120_000);

  test("nothing leaves or enters the device in 20 steps but the batches", async () => {
    const { uploads, reads, steps } = await page.call<{ uploads: number; reads: number; steps: number }>("transfers");
    expect(reads).toBe(0);
    expect(uploads).toBe(2 * steps);
  }, 60_000);

  test("1,000 steps need no more textures than the first 100", async () => {
    const { made, used, blocks } = await page.call<{ made: number[]; used: number[]; blocks: number[] }>("textures", 1000);
    expect(new Set(made).size, String(made)).toBe(1);
    expect(new Set(used).size, String(used)).toBe(1);
    expect(new Set(blocks).size, String(blocks)).toBe(1);
  }, 120_000);

  test("errors say what to do", async () => {
    const said = await page.call<Record<string, string>>("messages");
    expect(said.freed).toContain("was freed");
    expect(said.freed).toContain("keep(tensor)");
    expect(said.kept).toBe("no error");
    expect(said.mixed).toContain("move one with .to(device)");
    expect(said.float64).toContain("no float64 on this device");
    expect(said.integer).toContain("beyond 2^24");
    expect(said.leak).toContain("assertNoLeaks: 1 blocks");
    expect(said.noLeak).toBe("no error");
    expect(said.returned).toBe("no error");
    expect(said.vast).toContain("tensors of up to 16777216 elements");
    expect(said.large).toContain("needs a texture of");
  });

  test("values can be waited for or asked for later", async () => {
    const { sync, later, item } = await page.call<{ sync: number[]; later: number[]; item: number }>("reads");
    expect(later).toEqual(sync);
    expect(item).toBeCloseTo(sync.reduce((a, b) => a + b, 0) / 2, 4);
  });

  test("a report tells what ran", async () => {
    const { mode, renderer, launches, reads, families } = await page.call<{
      mode: string;
      renderer: string;
      launches: number;
      reads: number;
      families: Record<string, number>;
    }>("report");
    expect(mode).toBe("webgl2");
    expect(renderer).not.toBe("");
    expect(reads).toBeGreaterThan(2);
    expect(launches).toBeGreaterThanOrEqual(Object.values(families).reduce((a, b) => a + b, 0));
    for (const family of ["map", "reduce", "matmul", "gather", "scatterAdd"]) expect(families[family]).toBeGreaterThan(0);
  });

  test("a lost context is an error, never zeros", async () => {
    const said = await page.call<string>("lost");
    for (const line of said.split("\n")) expect(line).toContain("took the WebGL context away");
  });
});
