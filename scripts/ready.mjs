// Makes `npm start` and `npm test` work on a fresh clone with only Node and npm: installs by the frozen lock file when something changed since the
// last install, then runs the given command. What the installation says goes to standard error. The pnpm that installs is the one pinned in package.json, brought by npx. Plain JavaScript: nothing is
// installed yet when it starts. Says nothing when all is there.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const windows = process.platform === "win32";

if (Number(process.versions.node.split(".")[0]) < 20) {
  console.error(`Gradtape needs Node 20 or newer; this is Node ${process.versions.node}.`);
  process.exit(1);
}

/** Everything that decides what is installed: the lock file and the manifests of the workspace. */
function wanted() {
  const rooms = readdirSync(join(root, "packages")).map((name) => join("packages", name));
  const files = ["pnpm-lock.yaml", "pnpm-workspace.yaml", ...["", "examples", "docs", "tests", ...rooms].map((room) => join(room, "package.json"))];
  const hash = createHash("sha256");
  for (const file of files.sort()) if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

/** Runs a command to its end and gives its exit status. A Ctrl-C is the command's to answer: this process only passes it on and waits. */
function run(command, args, { env = process.env, stdout = "inherit" } = {}) {
  const child = spawn(command, args, { cwd: root, stdio: ["inherit", stdout, "inherit"], shell: windows, env });
  const passOn = (signal) => child.kill(signal);
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, passOn);
  return new Promise((resolve) => {
    child.on("error", (error) => {
      console.error(`${command}: ${error.message}`);
      process.exit(1);
    });
    child.on("close", (status, signal) => {
      for (const name of ["SIGINT", "SIGTERM"]) process.off(name, passOn);
      if (signal) process.kill(process.pid, signal);
      else resolve(status ?? 1);
    });
  });
}

const stamp = join(root, "node_modules", ".gradtape-installed");
const state = wanted();
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== state) {
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  console.error(`Installing by the lock file, with ${packageManager} …`);
  const status = await run("npx", ["--yes", packageManager, "install", "--frozen-lockfile", "--reporter=append-only"], { stdout: 2 });
  if (status !== 0) process.exit(status);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, state);
}

const [command, ...args] = process.argv.slice(2);
if (command !== undefined) {
  const path = [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter);
  process.exit(await run(command, args, { env: { ...process.env, PATH: path } }));
}
