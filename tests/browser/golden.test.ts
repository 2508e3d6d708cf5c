import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Replayer } from "../golden/backends.ts";
import { openPage } from "../golden/browser.ts";
import { singleDifferences } from "../golden/differences.ts";
import { readRecordings } from "../golden/folder.ts";
import { staleDifferences } from "../golden/report.ts";
import { chromiumPath, demanded } from "./chromium.ts";

const folder = readRecordings(fileURLToPath(new URL("../golden/fixtures", import.meta.url)));

describe.skipIf(chromiumPath === undefined && !demanded)("recordings of PyTorch, on the GPU device in Chromium", () => {
  let replayer: Replayer;
  beforeAll(async () => {
    replayer = await openPage(folder);
  }, 120_000);
  afterAll(() => replayer?.close());

  test.each(folder)("$file", { timeout: 300_000 }, async (recording) => {
    const report = await replayer.replay(recording, "");
    const failures = report.outcomes
      .filter(({ status }) => status === "failed" || status === "missing")
      .map(({ name, reason }) => `${name}: ${reason}`);
    expect(failures).toEqual([]);
    expect(report.outcomes.length).toBe(recording.cases.length);
    expect(staleDifferences(recording.kind, report, singleDifferences)).toEqual([]);
  });
});
