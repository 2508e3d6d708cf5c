import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { numbers } from "./numbers.ts";
import { numbersFile, workshop } from "./peers.ts";

/**
 * Compiles the peers to JavaScript, so that plain Node runs them, and writes the numbers. The packages stay outside: Node loads Gradtape as a user's
 * Node does, from what `pnpm build` made. With `source`, their sources are compiled in instead, and no build is needed.
 */
export async function compile({ source }: { readonly source: boolean }): Promise<void> {
  mkdirSync(workshop, { recursive: true });
  const shared = { bundle: true, format: "esm", platform: "node", target: "node20", outdir: workshop, logLevel: "warning" } as const;
  const peer = (name: string): string => join(import.meta.dirname, "peers", name);
  await build({ ...shared, entryPoints: [peer("tfjs.js"), peer("jaxjs.js")], packages: "external" });
  const packages = source
    ? ({ packages: "bundle", conditions: ["@gradtape/source"] } satisfies BuildOptions)
    : ({ packages: "external" } satisfies BuildOptions);
  await build({ ...shared, entryPoints: [peer("gradtape.ts")], ...packages });
  if (!existsSync(numbersFile)) writeFileSync(numbersFile, numbers());
}
