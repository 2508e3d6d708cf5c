import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { installed } from "./peers.ts";

/** What a browser loads to train, compressed, in bytes. */
export interface Size {
  readonly title: string;
  readonly bytes: number;
}

const compressed = (contents: Uint8Array): number => gzipSync(contents, { level: 9 }).length;

/** The smallest training programs, each with all that it imports, in one minified file. */
export async function sizes(): Promise<Size[]> {
  const binary = join(installed, "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm");
  const programs = [
    { title: "Gradtape", file: "gradtape.ts", more: [] },
    { title: "jax-js", file: "jaxjs.js", more: [] },
    { title: "tfjs, with its binary", file: "tfjs.js", more: [binary] },
  ].filter(({ file }) => file === "gradtape.ts" || existsSync(installed));
  return Promise.all(
    programs.map(async ({ title, file, more }) => {
      const { outputFiles } = await build({
        entryPoints: [join(import.meta.dirname, "start", file)],
        bundle: true,
        minify: true,
        format: "esm",
        platform: "browser",
        target: "es2022",
        conditions: ["@gradtape/source"],
        write: false,
        logLevel: "silent",
      });
      return { title, bytes: [outputFiles[0].contents, ...more.map((path) => readFileSync(path))].map(compressed).reduce((sum, n) => sum + n) };
    }),
  );
}
