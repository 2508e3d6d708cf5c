import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cpu } from "@gradtape/core";
import { createWasmBackend } from "@gradtape/wasm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Differences, differences, singleDifferences } from "./differences.ts";
import { readRecordings } from "./folder.ts";
import type { Float } from "./recording.ts";
import { replayFile } from "./replay.ts";
import { missingNames, staleDifferences } from "./report.ts";

const folder = readRecordings(fileURLToPath(new URL("./fixtures", import.meta.url)));

/** What the library does not have yet, by file. `pnpm golden --write-missing tests/golden/missing.json` renews it; it must only shrink. */
const missing: Readonly<Record<string, readonly string[]>> = JSON.parse(readFileSync(new URL("./missing.json", import.meta.url), "utf8"));

function replays(dtype: Float, known: Differences): void {
  test.each(folder)("$file", { timeout: 600_000 }, async (recording) => {
    const report = await replayFile(recording, folder, { place: { device: cpu, dtype } });
    expect(staleDifferences(recording.kind, report, known)).toEqual([]);
    const failures = report.outcomes.filter(({ status }) => status === "failed").map(({ name, reason }) => `${name}: ${reason}`);
    expect(failures).toEqual([]);
    expect(missingNames(report.outcomes)).toEqual(missing[recording.file] ?? []);
  });
}

describe("recordings of PyTorch, by the reference", () => replays("float64", differences));

describe("recordings of PyTorch, by WebAssembly in float32", () => {
  const before = cpu.backend;
  beforeAll(() => cpu.setBackend(createWasmBackend()));
  afterAll(() => cpu.setBackend(before));
  replays("float32", singleDifferences);
});
