import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { buildAll } from "../../scripts/check/packed.ts";
import { root } from "../../scripts/check/workspace.ts";
import { numbers } from "./numbers.ts";
import { numbersFile, workshop } from "./peers.ts";

/**
 * Compiles the peers to JavaScript, so that plain Node runs them, and writes the numbers. The packages are built and stay outside: Node loads Gradtape
 * as a user's Node does. With `source`, their sources are compiled in instead, and nothing is built. Error: a package does not build.
 */
export async function compile({ source }: { readonly source: boolean }): Promise<void> {
  mkdirSync(workshop, { recursive: true });
  const shared: BuildOptions = { bundle: true, format: "esm", platform: "node", target: "node20", logLevel: "warning" };
  const from = (folder: string, file: string): string => join(import.meta.dirname, folder, file);
  const ours: BuildOptions = source ? { ...shared, conditions: ["@gradtape/source"] } : { ...shared, packages: "external" };
  for (const [options, extension, names] of [
    [{ ...shared, packages: "external" }, "js", ["tfjs", "jaxjs"]],
    [ours, "ts", ["gradtape"]],
  ] as const)
    for (const name of names) {
      await build({ ...options, entryPoints: [from("peers", `${name}.${extension}`)], outfile: join(workshop, `${name}.js`) });
      await build({ ...options, entryPoints: [from("start", `${name}.${extension}`)], outfile: join(workshop, `start-${name}.js`) });
    }
  if (source) copyFileSync(join(root, "packages/wasm/src/threads/worker.js"), join(workshop, "worker.js"));
  else {
    const { ok, output } = await buildAll();
    if (!ok) throw new Error(`bench: the packages do not build\n${output}`);
  }
  if (!existsSync(numbersFile)) writeFileSync(numbersFile, numbers());
}
