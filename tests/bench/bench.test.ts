import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../../scripts/check/workspace.ts";
import { readOptions } from "./options.ts";
import type { Findings } from "./record.ts";
import { markdown } from "./table.ts";

describe("pnpm bench", () => {
  const folder = mkdtempSync(join(tmpdir(), "gradtape-bench-"));
  const json = join(folder, "findings.json");
  let findings: Findings;

  // One short round of Gradtape alone: what the other peers need is not installed for the tests.
  beforeAll(() => {
    const node = ["--conditions=@gradtape/source", "--import=./scripts/typescript.mjs", "tests/bench/main.ts"];
    const few = ["--source", "--peers", "node,reference", "--workloads", "matmul-64,chain-1", "--rounds", "1", "--milliseconds", "5", "--json", json];
    execFileSync(process.execPath, [...node, ...few], { cwd: root, stdio: "pipe" });
    findings = JSON.parse(readFileSync(json, "utf8"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("records what ran, where, and every round", () => {
    expect(findings).toMatchObject({ rounds: 1, milliseconds: 5, reference: "node", roof: null, starts: [], sizes: [] });
    expect(findings.machine.threads).toBeGreaterThan(0);
    expect(findings.columns.map(({ name, ready }) => [name, ready?.includes(process.versions.node)])).toEqual([
      ["node", true],
      ["reference", true],
    ]);
    expect(findings.rows.map(({ name }) => name)).toEqual(["matmul-64", "chain-1"]);
    for (const { results } of findings.rows)
      for (const result of results) {
        expect(result).toMatchObject({ rounds: [expect.any(Number)], ratio: expect.any(Number), spread: 0 });
        expect(result).toHaveProperty("median");
      }
  });

  it("prints a row for each workload and a column for each peer", () => {
    const table = markdown(findings);
    expect(table).toMatch(/\| matmul 64 x 64 \| – \| 1\.00 \| \d/);
    expect(table).toContain("reference backend |");
    expect(table).toContain("ns/op");
  });

  it("refuses names and numbers that mean nothing", () => {
    expect(() => readOptions(["--workloads", "matmul-65"])).toThrow("bench: no workload is named matmul-65; there are lesson-1,");
    expect(() => readOptions(["--peers", "numpy"])).toThrow("bench: no peer is named numpy; there are torch1,");
    expect(() => readOptions(["--rounds", "0"])).toThrow("bench: --rounds takes a whole number above 0, got 0");
  });

  it("writes checked-in results only for a run of everything", () => {
    expect(readOptions([]).out).toBe("cpu");
    expect(readOptions(["--workloads", "add"]).out).toBeUndefined();
    expect(readOptions(["--peers", "node"]).out).toBeUndefined();
  });
});
