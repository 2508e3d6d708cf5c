// Brings the pinned pnpm through npx, installs by the frozen lock file when needed, then runs the given command through it.
// This is what lets `npm start` and `npm test` work on a fresh clone with only Node and npm.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const major = Number(process.versions.node.split(".")[0]);
if (major < 20) {
  console.error(`Gradtape needs Node 20 or newer; this is Node ${process.versions.node}.`);
  process.exit(1);
}

const run = (...args) => {
  const command = ["--yes", packageManager, ...args];
  const { status, error } = spawnSync("npx", command, { cwd: root, stdio: "inherit", shell: process.platform === "win32" });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
};

const stamp = join(root, "node_modules", ".modules.yaml");
const lock = join(root, "pnpm-lock.yaml");
if (!existsSync(stamp) || statSync(stamp).mtimeMs < statSync(lock).mtimeMs) run("install", "--frozen-lockfile", "--reporter=append-only");
run(...process.argv.slice(2).slice(1));
