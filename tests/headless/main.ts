// pnpm test:headless: builds `gl` from source, by its own lock file and apart from everything else, and runs the tests of this folder with it. Needs a C++
// compiler, make and Python 3 to build, and a display to run; without one, xvfb-run.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

const here = import.meta.dirname;
const installed = dirname(dirname(process.execPath));

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>>, cwd = process.cwd()): number {
  const { status, error } = spawnSync(command, args, { cwd, stdio: "inherit", env: { ...process.env, ...env } });
  if (error !== undefined) throw new Error(`test:headless: ${command} cannot be run, ${error.message}`);
  return status ?? 1;
}

/** Headers of Node beside its program, so that none are downloaded. */
const headers: Readonly<Record<string, string>> = existsSync(join(installed, "include/node/node.h")) ? { npm_config_nodedir: installed } : {};

if (!existsSync(join(here, "node_modules/gl/build/Release/webgl.node"))) {
  const status = run("npm", ["ci", "--no-audit", "--no-fund"], { ...headers, npm_config_build_from_source: "true" }, here);
  if (status !== 0) throw new Error("test:headless: gl does not build; it needs g++, make and python3 (Debian: apt-get install g++ make python3)");
}
const files = process.argv.slice(2).map((name) => `tests/headless/${name}`);
const vitest = ["vitest", "run", ...(files.length === 0 ? ["tests/headless/"] : files)];
const [command, ...args] = process.env.DISPLAY === undefined ? ["xvfb-run", "-a", ...vitest] : vitest;
process.exitCode = run(command, args, { NODE_PATH: join(here, "node_modules"), GRADTAPE_DEMAND_HEADLESS: "1" });
