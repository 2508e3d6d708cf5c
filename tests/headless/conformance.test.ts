import { describe } from "vitest";
import { conformanceTests } from "../browser/conformance.ts";
import { openHere, skipped } from "./host.ts";

describe.skipIf(skipped)("the GPU device in Node, against the reference", () => {
  conformanceTests(() => openHere("conformance"));
});
