import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./workspace.ts";

/** A runtime of JavaScript that is not the one that runs this. */
export interface Runtime {
  readonly name: string;
  /** Starts a program, whose file comes last. */
  readonly command: readonly [string, ...string[]];
}

/** They have a lock file of their own, because they are large: `npm ci --prefix tests/runtimes` brings them. */
const folder = join(root, "tests/runtimes");

const bin = (name: string): string => join(folder, "node_modules/.bin", name);

const known: readonly Runtime[] = [
  { name: "Node 24", command: [join(folder, "node_modules/node/bin/node")] },
  { name: "Deno", command: [bin("deno"), "run", "--quiet", "--allow-all"] },
  { name: "Bun", command: [bin("bun"), "run"] },
];

/** How to get them. */
export const howToInstall = "npm ci --prefix tests/runtimes";

/** Whether they must be there: with GRADTAPE_DEMAND_RUNTIMES=1 a missing one is a failure. */
export const demanded: boolean = process.env.GRADTAPE_DEMAND_RUNTIMES === "1";

/** The runtimes that are installed. Error: one is missing and they are demanded. */
export function runtimes(): readonly Runtime[] {
  const missing = known.filter(({ command }) => !existsSync(command[0])).map(({ name }) => name);
  if (missing.length > 0 && demanded) throw new Error(`not installed: ${missing.join(", ")}; ${howToInstall}`);
  return known.filter(({ name }) => !missing.includes(name));
}
