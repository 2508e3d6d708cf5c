import { describe } from "vitest";
import { bundle, chromiumPath, demanded, TestPage } from "./chromium.ts";
import { trainingTests } from "./training.ts";

describe.skipIf(chromiumPath === undefined && !demanded)("training on the GPU device in Chromium", () => {
  trainingTests("webgl2", async () => TestPage.open(await bundle(`${import.meta.dirname}/pages/training.ts`)));
});
