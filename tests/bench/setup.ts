// pnpm bench:setup installs the peers by their own lock file. Where PyTorch would multiply matrices with Debian's reference BLAS, it unpacks OpenBLAS for
// the benchmark alone, and changes nothing in the system.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { openblas } from "./peers.ts";

function run(command: string, args: readonly string[], cwd: string = import.meta.dirname): void {
  const { status, error } = spawnSync(command, args, { cwd, stdio: "inherit", shell: process.platform === "win32" });
  if (status !== 0) throw new Error(`bench: ${command} ${args[0]} failed${error === undefined ? "" : `, ${error.message}`}`);
}

const has = (command: string): boolean => spawnSync(command, ["--version"]).status === 0;

run("npm", ["ci", "--no-audit", "--no-fund"]);
if (process.platform === "linux" && has("apt-get") && has("dpkg-deb")) {
  mkdirSync(openblas, { recursive: true });
  run("apt-get", ["--option", "APT::Sandbox::User=root", "download", "libopenblas0-pthread"], openblas);
  for (const archive of readdirSync(openblas).filter((file) => file.endsWith(".deb"))) run("dpkg-deb", ["--extract", archive, "."], openblas);
}
