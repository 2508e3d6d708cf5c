import { describe, expect, test } from "vitest";
import { bundle, chromiumPath, demanded, TestPage } from "./chromium.ts";
import { trainingTests } from "./training.ts";

const open = async (): Promise<TestPage> => TestPage.open(await bundle(`${import.meta.dirname}/pages/training.ts`));

describe.skipIf(chromiumPath === undefined && !demanded)("training on the GPU device in Chromium", () => {
  trainingTests("webgl2", open);

  test("a lost context is an error, never zeros", async () => {
    const page = await open();
    const said = await page.call<string>("lost").finally(() => page.close());
    for (const line of said.split("\n")) expect(line).toContain("took the WebGL context away");
  });
});
