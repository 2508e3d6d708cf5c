import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpu } from "@gradtape/core";
import { expect, test } from "vitest";
import { readRecordings } from "./folder.ts";
import { type Case, decodeTensor, decodeValues, MalformedRecording, type Place } from "./recording.ts";
import { replayFile } from "./replay.ts";

const double: Place = { device: cpu, dtype: "float64" };

function folderOf(files: Readonly<Record<string, unknown>>): string {
  const dir = mkdtempSync(join(tmpdir(), "golden-"));
  for (const [file, content] of Object.entries(files))
    writeFileSync(join(dir, file), typeof content === "string" ? content : JSON.stringify(content));
  return dir;
}

const exp = (changes: Readonly<Record<string, unknown>> = {}): Case => ({
  name: "exp/0",
  op: "exp",
  expr: "exp(a)",
  inputs: [{ shape: [2], data: [0, 1] }],
  attrs: {},
  output: { shape: [2], data: [1, Math.E] },
  grad_output: { shape: [2], data: [1, 2] },
  input_grads: [{ shape: [2], data: [1, 2 * Math.E] }],
  ...(changes as object),
});

const opsFile = (...cases: readonly unknown[]) => ({ format: 1, kind: "ops", rtol: 1e-9, atol: 1e-11, cases });

async function statusOf(recorded: Case) {
  const folder = readRecordings(folderOf({ "ops.json": opsFile(recorded) }));
  const { outcomes } = await replayFile(folder[0], folder, { place: double });
  return outcomes[0];
}

test.each([
  ["an absent folder", () => "/nowhere/at/all", /no such folder/],
  ["an empty folder", () => folderOf({}), /holds no recordings/],
  ["text that is not JSON", () => folderOf({ "ops.json": "{" }), /ops\.json.*JSON/s],
  ["another format", () => folderOf({ "ops.json": { ...opsFile(), format: 2 } }), /format 2 is not known/],
  ["another kind", () => folderOf({ "ops.json": { ...opsFile(), kind: "songs" } }), /kind "songs" is not one of/],
  ["no cases", () => folderOf({ "ops.json": { format: 1, kind: "ops" } }), /"cases" is not a list/],
  ["a case without a name", () => folderOf({ "ops.json": opsFile({ op: "exp" }) }), /without a name/],
  ["a name twice", () => folderOf({ "ops.json": opsFile(exp(), exp()) }), /two cases are called exp\/0/],
  ["a file that the index lists and nobody has", () => folderOf({ "index.json": { format: 1, files: [{ file: "a.json", cases: 1 }] } }), /absent/],
  [
    "fewer cases than the index promises",
    () => folderOf({ "index.json": { format: 1, files: [{ file: "ops.json", cases: 2 }] }, "ops.json": opsFile(exp()) }),
    /holds 1 cases, index\.json promises 2/,
  ],
])("%s is refused", (_, dir, message) => {
  expect(() => readRecordings(dir())).toThrow(MalformedRecording);
  expect(() => readRecordings(dir())).toThrow(message);
});

test("numbers that JSON lacks are read, others are refused", () => {
  expect(decodeValues({ shape: [3], data: ["NaN", "Infinity", "-Infinity"] })).toEqual(Float64Array.of(Number.NaN, Infinity, -Infinity));
  expect(() => decodeValues({ shape: [1], data: ["1" as never] })).toThrow(/"1" stands where a number should/);
  expect(() => decodeValues({ shape: [2, 2], data: [1] })).toThrow(/1 values do not fill shape \[2,2\]/);
  expect(decodeTensor({ shape: [], data: [3], dtype: "int64" }, double).dtype).toBe("int32");
});

test("a case passes, fails, or is missing by what it is", async () => {
  expect(await statusOf(exp())).toMatchObject({ status: "passed" });
  expect(await statusOf(exp({ output: { shape: [2], data: [1, 2.7] } }))).toMatchObject({
    status: "failed",
    reason: expect.stringContaining("output element 1"),
  });
  expect(await statusOf(exp({ output: { shape: [1, 2], data: [1, Math.E] } }))).toMatchObject({
    reason: expect.stringContaining("expected shape [1,2]"),
  });
  expect(await statusOf(exp({ output: { shape: [2], data: [1, 2], dtype: "int64" } }))).toMatchObject({
    reason: expect.stringContaining("expected int32"),
  });
  expect(await statusOf(exp({ input_grads: [{ shape: [2], data: [1, "NaN"] }] }))).toMatchObject({
    status: "failed",
    reason: expect.stringContaining("gradient"),
  });
  expect(await statusOf(exp({ input_grads: 3 }))).toMatchObject({ status: "failed", reason: expect.stringContaining('"input_grads" is not a list') });
  expect(await statusOf(exp({ op: "no_such_op" }))).toMatchObject({ status: "missing", missing: ["core.noSuchOp"] });
});
