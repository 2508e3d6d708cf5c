import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { root } from "../../scripts/check/workspace.ts";

/** A program that computes on two threads, says what it has, and comes to its end. */
const program = (ask: string): string => `
  import { createWasmBackend } from "@gradtape/wasm";
  import { cpu, zeros } from "gradtape";
  const backend = createWasmBackend();
  cpu.setBackend(backend);
  ${ask}
  const x = zeros([1_000_000]);
  let sum = 0;
  for (const end = performance.now() + 10_000; backend.threadReport().jobs < 3 && performance.now() < end; ) sum = x.add(1).exp().sum().item();
  console.log(JSON.stringify({ sum, ...backend.threadReport() }));
  console.log("end");`;

interface Ended {
  readonly report: { readonly sum: number; readonly running: number; readonly jobs: number };
  readonly errors: string;
  readonly code: number | null;
  /** Milliseconds from its last word to its end. */
  readonly lingered: number;
}

/** Runs Node to its end. */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((done) => {
    const child = spawn(process.execPath, args, { cwd: join(root, "tests"), env: { ...process.env, GRADTAPE_THREADS: "", ...env } });
    let [output, errors, last] = ["", "", 0];
    child.stdout.on("data", (chunk) => {
      output += chunk;
      last = performance.now();
    });
    child.stderr.on("data", (chunk) => (errors += chunk));
    child.on("close", (code) => {
      const text = output.split("\n")[0];
      done({ report: text === "" ? {} : JSON.parse(text), errors, code, lingered: performance.now() - last });
    });
  });
}

function check({ report, errors, code, lingered }: Ended): void {
  expect(errors).toBe("");
  expect(code).toBe(0);
  expect(report).toMatchObject({ asked: 2, running: 2 });
  expect(report).not.toHaveProperty("reason");
  expect(report.jobs).toBeGreaterThanOrEqual(3);
  expect(report.sum / 1_000_000).toBeCloseTo(Math.E, 5);
  expect(lingered).toBeLessThan(1000);
}

/** Runs a program from the sources, through the loader of TypeScript. */
const fromSources = (text: string, env?: Readonly<Record<string, string>>): Promise<Ended> =>
  run(
    ["--conditions=@gradtape/source", `--import=${pathToFileURL(join(root, "scripts/typescript.mjs"))}`, "--input-type=module", "--eval", text],
    env,
  );

test("a program from the sources ends by itself", async () => {
  check(await fromSources(program("await backend.setThreads(2, { backOff: false });")));
  check(await fromSources(program(""), { GRADTAPE_THREADS: "2" }));
});

test("threads asked for and never used or waited for do not keep a process alive", async () => {
  const { errors, code, lingered } = await fromSources(`import { setThreads } from "@gradtape/wasm"; void setThreads(3); console.log("{}");`);
  expect(errors).toBe("");
  expect(code).toBe(0);
  expect(lingered).toBeLessThan(1000);
});

test("one bundled file with the worker beside it, as bundlers put it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gradtape-threads-"));
  try {
    await build({
      stdin: { contents: program("await backend.setThreads(2, { backOff: false });"), resolveDir: join(root, "tests") },
      bundle: true,
      minify: true,
      format: "esm",
      platform: "node",
      conditions: ["@gradtape/source"],
      outfile: join(folder, "program.mjs"),
      logLevel: "error",
    });
    cpSync(join(root, "packages/wasm/src/threads/worker.js"), join(folder, "worker.js"));
    check(await run([join(folder, "program.mjs")]));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
