import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { root } from "./workspace.ts";

/** What a command said and how it ended. */
export interface Outcome {
  readonly ok: boolean;
  readonly output: string;
}

/** Runs a command of the workspace's tools and collects what it prints. */
export function command(name: string, args: readonly string[], folder: string = root): Promise<Outcome> {
  const path = [join(root, "node_modules/.bin"), process.env.PATH].join(delimiter);
  return new Promise((done) => {
    const child = spawn(name, args, { cwd: folder, env: { ...process.env, PATH: path, NO_COLOR: "1" }, shell: process.platform === "win32" });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.on("error", (error) => done({ ok: false, output: `${name}: ${error.message}` }));
    child.on("close", (status) => done({ ok: status === 0, output: output.trimEnd() }));
  });
}
