import { describe } from "vitest";
import { goldenTests } from "../browser/golden.ts";
import { openHeadless } from "../golden/backends.ts";
import { skipped } from "./host.ts";

describe.skipIf(skipped)("recordings of PyTorch, on the GPU device in Node", () => {
  goldenTests(openHeadless);
});
