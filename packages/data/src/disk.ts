/// <reference types="node" />

/** Node's file system, asked for only when a file is touched, so that browsers can bundle the package. */
async function fileSystem(): Promise<typeof import("node:fs/promises")> {
  return import("node:fs/promises").catch((cause: unknown) => {
    throw new Error("@gradtape/data: this environment has no files; fetch the bytes and use the function that takes bytes", { cause });
  });
}

/** The bytes of a file; an error that names it. */
export async function readBytes(path: string): Promise<Uint8Array> {
  const { readFile } = await fileSystem();
  const bytes = await readFile(path).catch((cause: Error) => {
    throw new Error(`${path}: cannot be read (${cause.message})`, { cause });
  });
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The path of the first of `names` that is in `directory`; an error that lists what was looked for. */
export async function findFile(directory: string, names: readonly string[], op: string): Promise<string> {
  const { stat } = await fileSystem();
  for (const name of names) {
    const path = `${directory.replace(/\/+$/, "") || "/"}/${name}`;
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile()) return path;
  }
  throw new Error(`${op}: ${directory} has no ${names.join(" nor ")}; download the dataset and give the directory that holds it`);
}

/** Replaces a file as a whole or not at all: writes beside it, flushes, renames. */
export async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const { open, rename, rm } = await fileSystem();
  const beside = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    const file = await open(beside, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (cause) {
    await rm(beside, { force: true });
    throw new Error(`${path}: cannot be written (${(cause as Error).message}); what was there before is unchanged`, { cause });
  }
}
