import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle, chromiumPath, demanded, TestPage } from "./chromium.ts";

// Why the GPU device does not compute by WebGPU yet. When one of these fails because gpu.js has learnt more, it is time to look again.
describe.skipIf(chromiumPath === undefined && !demanded)("the WebGPU mode of gpu.js in Chromium", () => {
  let page: TestPage;
  beforeAll(async () => {
    page = await TestPage.open(await bundle(`${import.meta.dirname}/pages/webgpu.ts`), { flags: ["--enable-unsafe-webgpu"] });
  }, 60_000);
  afterAll(() => page?.close());

  test("a formula, a product and sums are right", async () => {
    const errors = await page.call<Record<string, number>>("results");
    expect(Object.keys(errors)).toEqual(["formula", "product", "sum"]);
    for (const error of Object.values(errors)) expect(error).toBeLessThan(1e-6);
  });

  test("launches keep their order, and only the last is read", async () => {
    expect((await page.call<{ error: number }>("chain", 200, 1000)).error).toBeLessThan(1e-6);
  });

  test("what the kernels of the device are made of is refused", async () => {
    const said = await page.call<Record<string, string>>("refusals");
    expect(said.native).toContain("does not yet support native functions");
    expect(said.outputs).toContain("does not yet support createKernelMap");
    expect(said.vectors).toContain("does not yet support Array(4) pipeline results");
    expect(said.inputs).toContain("Error creating WebGPU compute pipeline");
  });

  test("NaN is lost", async () => {
    const got = await page.call<Record<string, number[]>>(
      "numbers",
      ["x !== x ? 1 : 0", "Math.exp(x)", "Math.log(x)", "Math.tanh(x)"],
      [Number.NaN, -1, 100],
    );
    expect(got["x !== x ? 1 : 0"][0]).toBe(0);
    expect(got["Math.exp(x)"][0]).not.toBeNaN();
    expect(got["Math.log(x)"][1]).not.toBeNaN();
    expect(got["Math.tanh(x)"][2]).toBeNaN();
  });
});
