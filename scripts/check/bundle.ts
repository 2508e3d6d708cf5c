import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { root } from "./workspace.ts";

/** What a page that trains the lesson's network loads. Every op is a method of Tensor, so all of core's ops come along; rules, schedules and layers do not. */
const lesson = `
  import { noGrad, tensor } from "@gradtape/core";
  import { CrossEntropyLoss, Linear, ReLU, Sequential } from "@gradtape/nn";
  import { AdamW, CosineAnnealingLR, LinearLR, SequentialLR } from "@gradtape/optim";
  console.log(noGrad, tensor, CrossEntropyLoss, Linear, ReLU, Sequential, AdamW, CosineAnnealingLR, LinearLR, SequentialLR);`;

const BUDGET = 72 * 1024;

/** Size of a minimal training import with its dependencies in one file, minified and compressed, in bytes. */
export async function bundleSize(): Promise<{ bytes: number; budget: number; parts: string[] }> {
  const result = await build({
    stdin: { contents: lesson, resolveDir: join(root, "tests") },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    conditions: ["@gradtape/source"],
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const [output] = Object.values(result.metafile.outputs);
  const parts = new Map<string, number>();
  for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
    const name = /node_modules\/(?:\.pnpm\/)?.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? /packages\/([^/]+)/.exec(path)?.[1] ?? "entry";
    parts.set(name, (parts.get(name) ?? 0) + bytesInOutput);
  }
  return {
    bytes: gzipSync(result.outputFiles[0].contents, { level: 9 }).length,
    budget: BUDGET,
    parts: [...parts]
      .sort((a, b) => b[1] - a[1])
      .map(([name, bytes]) => `${name.padEnd(18)} ${(bytes / 1024).toFixed(1).padStart(6)} KB before gzip`),
  };
}
