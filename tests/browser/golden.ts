import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Replayer } from "../golden/backends.ts";
import { gpuDifferences } from "../golden/differences.ts";
import { readRecordings } from "../golden/folder.ts";
import type { Recording } from "../golden/recording.ts";
import { staleDifferences } from "../golden/report.ts";

/** The replay of all recordings on a GPU device. */
export function goldenTests(open: (folder: readonly Recording[]) => Promise<Replayer>): void {
  const folder = readRecordings(fileURLToPath(new URL("../golden/fixtures", import.meta.url)));
  let replayer: Replayer;
  beforeAll(async () => {
    replayer = await open(folder);
  }, 120_000);
  afterAll(() => replayer?.close());

  test.each(folder)("$file", { timeout: 300_000 }, async (recording) => {
    const report = await replayer.replay(recording, "");
    const failures = report.outcomes
      .filter(({ status }) => status === "failed" || status === "missing")
      .map(({ name, reason }) => `${name}: ${reason}`);
    expect(failures).toEqual([]);
    expect(report.outcomes.length).toBe(recording.cases.length);
    expect(staleDifferences(recording.kind, report, gpuDifferences)).toEqual([]);
  });
}
