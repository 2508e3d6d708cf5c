import { afterAll, beforeAll, expect, test } from "vitest";
import type { Stage } from "./stage.ts";

/** The tests of training on a GPU device, on a stage with `pages/training.ts`. */
export function trainingTests(expected: string, open: () => Promise<Stage>): void {
  let stage: Stage;
  beforeAll(async () => {
    stage = await open();
  }, 60_000);
  afterAll(() => stage?.close());

  test("100 losses of the lesson's network are the CPU's", async () => {
    const { gpu, cpu } = await stage.call<{ gpu: number[]; cpu: number[] }>("losses", 100);
    expect(gpu.length).toBe(100);
    expect(cpu[99]).toBeLessThan(0.5 * cpu[0]);
    gpu.forEach(
      (loss, step) => void expect(Math.abs(loss - cpu[step]) / cpu[step], `step ${step}: ${loss}, on the CPU ${cpu[step]}`).toBeLessThan(2e-4),
    );
  }, 120_000);

  test.each([false, true])(
    "nothing enters or leaves the device in 20 steps but the batches and, when asked for (%s), the losses",
    async (asked) => {
      const { uploads, reads, steps } = await stage.call<{ uploads: number; reads: number; steps: number }>("transfers", asked);
      expect(reads).toBe(asked ? steps : 0);
      expect(uploads).toBe(2 * steps);
    },
    60_000,
  );

  test("1,000 steps need no more textures than the first 100", async () => {
    const { made, used, blocks } = await stage.call<{ made: number[]; used: number[]; blocks: number[] }>("textures", 1000);
    expect(new Set(made).size, String(made)).toBe(1);
    expect(new Set(used).size, String(used)).toBe(1);
    expect(new Set(blocks).size, String(blocks)).toBe(1);
  }, 120_000);

  test("errors say what to do", async () => {
    const said = await stage.call<Record<string, string>>("messages");
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
    const { sync, later, item } = await stage.call<{ sync: number[]; later: number[]; item: number }>("reads");
    expect(later).toEqual(sync);
    expect(item).toBeCloseTo(sync.reduce((a, b) => a + b, 0) / 2, 4);
  });

  test("a device that can only promise values trains all the same", async () => {
    const { losses, waited, item } = await stage.call<{ losses: number[]; waited: number[]; item: string }>("promised");
    expect(losses).toEqual(waited);
    expect(losses.length).toBe(5);
    expect(item).toContain("read them with await tensor.read()");
  });

  test("a report tells what ran", async () => {
    const { mode, renderer, launches, reads, families } = await stage.call<{
      mode: string;
      renderer: string;
      launches: number;
      reads: number;
      families: Record<string, number>;
    }>("report");
    expect(mode).toBe(expected);
    expect(renderer).not.toBe("");
    expect(reads).toBeGreaterThan(2);
    expect(launches).toBeGreaterThanOrEqual(Object.values(families).reduce((a, b) => a + b, 0));
    for (const family of ["map", "reduce", "matmul", "gather", "scatterAdd"]) expect(families[family]).toBeGreaterThan(0);
  });
}
