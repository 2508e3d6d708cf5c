import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle, chromiumPath, demanded, TestPage } from "./chromium.ts";

describe.skipIf(chromiumPath === undefined && !demanded)("what the GPU device cannot do is an error, never a wrong number", () => {
  let page: TestPage;
  beforeAll(async () => {
    page = await TestPage.open(await bundle(`${import.meta.dirname}/pages/honesty.ts`));
  }, 60_000);
  afterAll(() => page?.close());

  test("every operation, read and upload after a lost context", async () => {
    const said = await page.call<string[]>("lost");
    expect(said.length).toBe(6);
    for (const line of said) expect(line).toContain("took the WebGL context away");
    expect(await page.call("lostWhileReading")).toContain("took the WebGL context away");
  });

  test("every operation, read and upload after close()", async () => {
    const said = await page.call<string[]>("closed");
    for (const line of said) expect(line).toContain("this device was closed");
  });

  test("a tensor, or a result, beyond the largest texture", async () => {
    const { limit, one, result } = await page.call<{ limit: number; one: string; result: string }>("large");
    expect(one).toContain(`this GPU allows ${limit} x ${limit} (${4 * limit * limit} elements)`);
    expect(result).toMatch(/a tensor of 4294967296 elements needs a texture of \d+ x \d+/);
  });

  test("a mode that is not there", async () => {
    expect(await page.call("opening", { mode: "headlessgl" })).toContain("headlessgl is for Node");
    expect(await page.call("opening", { mode: "webasm" })).toContain('there is no mode "webasm"');
    expect(await page.call("opening", { mode: "webgpu" })).toContain("does not compute by it");
    expect(await page.call("openingWithout")).toContain("there is no WebGL2 here");
  });

  test("a GPU that computes wrong numbers", async () => {
    // A digit of the logarithm of 2, in exp.
    expect(await page.call("openingWith", "0.693359375", "0.693457031")).toMatch(
      /computes wrong numbers: map \(exp\(x\)\) gives .* where .* is right/,
    );
  });
});
