import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Case, type Fields, isObject, type Json, kinds, MalformedRecording, type Recording } from "./recording.ts";

/** Reads every recording of a folder, in the order of its index; an error names the file and what is wrong with it. */
export function readRecordings(dir: string): Recording[] {
  if (!existsSync(dir) || !statSync(dir).isDirectory()) throw new MalformedRecording(`${dir}: no such folder`);
  const present = readdirSync(dir).filter((file) => file.endsWith(".json") && file !== "index.json");
  const index = existsSync(join(dir, "index.json")) ? indexOf(dir) : new Map<string, number>();
  for (const file of index.keys()) if (!present.includes(file)) throw new MalformedRecording(`${join(dir, file)}: listed in index.json, but absent`);
  const files = [...index.keys(), ...present.filter((file) => !index.has(file)).sort()];
  if (files.length === 0) throw new MalformedRecording(`${dir}: holds no recordings (*.json)`);
  return files.map((file) => readRecording(dir, file, index.get(file)));
}

function parse(path: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new MalformedRecording(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isObject(value)) throw new MalformedRecording(`${path}: expected a JSON object`);
  if (value.format !== 1) throw new MalformedRecording(`${path}: format ${JSON.stringify(value.format)} is not known; this tool reads format 1`);
  return value;
}

function indexOf(dir: string): Map<string, number> {
  const path = join(dir, "index.json");
  const { files } = parse(path);
  if (!Array.isArray(files)) throw new MalformedRecording(`${path}: "files" is not a list`);
  return new Map(
    files.map((entry: Json) => {
      if (!isObject(entry) || typeof entry.file !== "string" || typeof entry.cases !== "number")
        throw new MalformedRecording(`${path}: an entry of "files" lacks "file" or "cases"`);
      return [entry.file, entry.cases];
    }),
  );
}

function readRecording(dir: string, file: string, count: number | undefined): Recording {
  const path = join(dir, file);
  const { cases, ...header } = parse(path);
  const kind = kinds.find((known) => known === header.kind);
  if (kind === undefined) throw new MalformedRecording(`${path}: kind ${JSON.stringify(header.kind)} is not one of ${kinds.join(", ")}`);
  if (!Array.isArray(cases)) throw new MalformedRecording(`${path}: "cases" is not a list`);
  if (count !== undefined && cases.length !== count)
    throw new MalformedRecording(`${path}: holds ${cases.length} cases, index.json promises ${count}`);
  const names = new Set<string>();
  for (const recorded of cases as Json[]) {
    if (!isObject(recorded) || typeof recorded.name !== "string") throw new MalformedRecording(`${path}: a case without a name`);
    if (names.has(recorded.name)) throw new MalformedRecording(`${path}: two cases are called ${recorded.name}`);
    names.add(recorded.name);
  }
  return { file, kind, header, cases: cases as Case[] };
}
