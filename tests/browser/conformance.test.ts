import { describe } from "vitest";
import { bundle, chromiumPath, demanded, TestPage } from "./chromium.ts";
import { conformanceTests } from "./conformance.ts";

const skipped = chromiumPath === undefined && !demanded;
if (skipped) console.warn("tests/browser: skipped, there is no Chromium; install it, or set GRADTAPE_CHROMIUM");

describe.skipIf(skipped)("the GPU device in Chromium, against the reference", () => {
  conformanceTests(async () => TestPage.open(await bundle(`${import.meta.dirname}/pages/conformance.ts`)));
});
