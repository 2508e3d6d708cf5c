import { describe } from "vitest";
import { trainingTests } from "../browser/training.ts";
import { openHere, skipped } from "./host.ts";

describe.skipIf(skipped)("training on the GPU device in Node", () => {
  trainingTests("headlessgl", () => openHere("training"));
});
