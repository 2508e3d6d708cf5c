/// <reference types="node" />
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, it } from "vitest";

it("bundles for browsers, with Node's file system behind one dynamic import", async () => {
  const { errors, warnings, outputFiles, metafile } = await build({
    entryPoints: [fileURLToPath(new URL("index.ts", import.meta.url))],
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    external: ["@gradtape/core"],
    logLevel: "silent",
  });
  expect([errors, warnings]).toEqual([[], []]);
  const [{ imports }] = Object.values(metafile.outputs);
  const kinds = new Set(imports.map(({ path, kind }) => `${kind} ${path}`));
  expect([...kinds].sort()).toEqual(["dynamic-import node:fs/promises", "import-statement @gradtape/core"]);
  expect(outputFiles[0].contents.length).toBeLessThan(60_000);
});
