import { describe } from "vitest";
import { openPage } from "../golden/browser.ts";
import { chromiumPath, demanded } from "./chromium.ts";
import { goldenTests } from "./golden.ts";

describe.skipIf(chromiumPath === undefined && !demanded)("recordings of PyTorch, on the GPU device in Chromium", () => {
  goldenTests(openPage);
});
