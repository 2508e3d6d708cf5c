import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { command, type Outcome } from "./command.ts";
import { runtimes } from "./runtimes.ts";
import { type Package, packages, root } from "./workspace.ts";

/** The programs that a stranger would run first. */
const stranger = join(import.meta.dirname, "stranger");

/** Compiles every package, each after the ones that it depends on, and joins its files to one for Node. */
export async function buildAll(): Promise<Outcome> {
  for (const item of packages()) {
    rmSync(join(item.folder, "dist"), { recursive: true, force: true });
    const { ok, output } = await command("tsc", ["-p", "tsconfig.build.json"], item.folder);
    if (!ok) return { ok, output: `${item.name}\n${output}` };
    await joined(item);
  }
  return { ok: true, output: `${packages().length} packages` };
}

/**
 * What the condition "node" of a package's entries leads to: all its files in one, because Node spends a third of a millisecond on each. Bundlers take the
 * files apart and leave out what is not used.
 */
async function joined({ folder, nodeEntries }: Package): Promise<void> {
  if (nodeEntries.length === 0) return;
  await build({
    entryPoints: nodeEntries.map((entry) => join(folder, entry.replace("/node/", "/"))),
    outdir: join(folder, "dist/node"),
    bundle: true,
    splitting: true,
    packages: "external",
    platform: "neutral",
    target: "node20",
    format: "esm",
    sourcemap: true,
    logLevel: "silent",
  });
  for (const file of readdirSync(join(folder, "dist"), { recursive: true, encoding: "utf8" }).filter((file) => basename(file) === "worker.js"))
    cpSync(join(folder, "dist", file), join(folder, "dist/node/worker.js"));
}

/** Every package as a stranger would get it, in a folder of its own. */
export class Packed {
  readonly folder: string = mkdtempSync(join(tmpdir(), "gradtape-packed-"));
  readonly tarballs: { readonly item: Package; readonly file: string }[] = [];

  /** Packs the built packages; says which is not built or cannot be packed. */
  async pack(): Promise<Outcome> {
    for (const item of packages()) {
      if (!existsSync(join(item.folder, "dist/index.js"))) return { ok: false, output: `${item.name} is not built; run pnpm build` };
      const into = join(this.folder, String(this.tarballs.length));
      mkdirSync(into);
      const { ok, output } = await command("npx", ["--yes", pinned(), "pack", "--pack-destination", into], item.folder);
      const [file] = readdirSync(into);
      if (!ok || file === undefined) return { ok: false, output: `${item.name}\n${output}` };
      this.tarballs.push({ item, file: join(into, file) });
    }
    return { ok: true, output: `${this.tarballs.length} tarballs` };
  }

  /** Whether manifests, entry points and files agree. */
  publint(): Promise<Outcome> {
    return this.each((file) => command("publint", ["run", file, "--strict"]));
  }

  /** Whether TypeScript finds the types wherever Node finds the code. */
  attw(): Promise<Outcome> {
    return this.each((file) => command("attw", [file, "--profile", "esm-only", "--no-emoji", "--no-definitely-typed"]));
  }

  #installed: Promise<Outcome> | undefined;

  /** Installs the tarballs with npm in an empty folder, beside the programs of a stranger; once. */
  install(): Promise<Outcome> {
    return (this.#installed ??= this.#install());
  }

  get #home(): string {
    return join(this.folder, "stranger");
  }

  async #install(): Promise<Outcome> {
    cpSync(stranger, this.#home, { recursive: true });
    writeFileSync(join(this.#home, "package.json"), JSON.stringify({ name: "stranger", private: true, type: "module" }));
    const flags = ["--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts", "--loglevel=error"];
    return command("npm", ["install", ...flags, ...this.tarballs.map(({ file }) => file)], this.#home);
  }

  /** Runs one of the programs by a runtime; `file` is train.js, worker.js or the bundle. */
  async run(runtime: readonly [string, ...string[]], file: string): Promise<Trained> {
    const [program, ...args] = runtime;
    const { ok, output } = await command(program, [...args, file], this.#home);
    const line = output.split("\n").findLast((text) => text.startsWith("{"));
    if (!ok || line === undefined) throw new Error(`${basename(program)} ${file}: ${output || "printed nothing"}`);
    return JSON.parse(line) as Trained;
  }

  /** Trains a small network with the installed tarballs: with plain Node, and as one minified file. */
  async smoke(): Promise<Outcome> {
    const installed = await this.install();
    if (!installed.ok) return installed;
    await build({
      entryPoints: [join(this.#home, "train.js")],
      outfile: join(this.#home, "bundle.js"),
      bundle: true,
      minify: true,
      format: "esm",
      logLevel: "silent",
    });
    return outcomeOf(async () => {
      for (const file of ["train.js", "worker.js", "bundle.js"]) await this.run([process.execPath], file);
      return "plain, in a worker, and bundled";
    });
  }

  /** Trains the same network in other runtimes, on their main threads and in workers: the losses are those of Node. */
  async runtimes(): Promise<Outcome> {
    const installed = await this.install();
    if (!installed.ok) return installed;
    return outcomeOf(async () => {
      const { losses } = await this.run([process.execPath], "train.js");
      const seen: string[] = [];
      for (const { name, command } of runtimes())
        for (const file of ["train.js", "worker.js"]) {
          const trained = await this.run(command, file);
          const off = trained.losses.findIndex((loss, k) => !(Math.abs(loss - losses[k]) <= 1e-5 * losses[k]));
          if (off >= 0) throw new Error(`${name} ${file}: loss ${off} is ${trained.losses[off]}, in Node ${losses[off]}`);
          if (trained.backend !== "wasm" || trained.kernels === 0) throw new Error(`${name} ${file}: computed on ${trained.backend}`);
          seen.push(`${name}${file === "worker.js" ? " worker" : ""}: ${trained.threads} threads`);
        }
      return seen.join(", ");
    });
  }

  /** Removes the folder. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async each(check: (file: string) => Promise<Outcome>): Promise<Outcome> {
    if (this.tarballs.length === 0) return { ok: false, output: "nothing was packed" };
    const failures: string[] = [];
    for (const { item, file } of this.tarballs) {
      const { ok, output } = await check(file);
      if (!ok) failures.push(`${item.name}\n${output}`);
    }
    return { ok: failures.length === 0, output: failures.length === 0 ? `${this.tarballs.length} packages` : failures.join("\n") };
  }
}

/** What train.js prints. */
interface Trained {
  readonly backend: string;
  readonly threads: number;
  readonly kernels: number;
  readonly losses: readonly number[];
}

async function outcomeOf(work: () => Promise<string>): Promise<Outcome> {
  try {
    return { ok: true, output: await work() };
  } catch (error) {
    return { ok: false, output: error instanceof Error ? error.message : String(error) };
  }
}

function pinned(): string {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager;
}
