import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cpu } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import { differences } from "./differences.ts";
import { readRecordings } from "./folder.ts";
import { replayFile } from "./replay.ts";
import { missingNames } from "./report.ts";

const folder = readRecordings(fileURLToPath(new URL("./fixtures", import.meta.url)));

/** What the library does not have yet, by file. `pnpm golden --write-missing tests/golden/missing.json` renews it; it must only shrink. */
const missing: Readonly<Record<string, readonly string[]>> = JSON.parse(readFileSync(new URL("./missing.json", import.meta.url), "utf8"));

describe("recordings of PyTorch", () => {
  test.each(folder)("$file", { timeout: 600_000 }, async (recording) => {
    const { outcomes } = await replayFile(recording, folder, { place: { device: cpu, dtype: "float64" } });
    const stale = outcomes.filter(({ name, status }) => status === "passed" && differences[`${recording.kind}/${name}`] !== undefined);
    expect(stale).toEqual([]);
    const failures = outcomes.filter(({ status }) => status === "failed").map(({ name, reason }) => `${name}: ${reason}`);
    expect(failures).toEqual([]);
    expect(missingNames(outcomes)).toEqual(missing[recording.file] ?? []);
  });
});
