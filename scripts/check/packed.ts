import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { command, type Outcome } from "./command.ts";
import { type Package, packages, root } from "./workspace.ts";

/** The program that a stranger would run first; it prints `ok`. */
const program = `
import { tensor, nn, optim, noGrad } from "gradtape";
const model = new nn.Sequential(new nn.Linear(2, 3), new nn.ReLU(), new nn.Linear(3, 2));
const optimizer = new optim.AdamW(model.parameters(), { lr: 0.1 });
const x = tensor([[0, 1], [1, 0]]);
const labels = tensor([1, 0], { dtype: "int32" });
const loss = () => new nn.CrossEntropyLoss().forward(model.forward(x), labels);
const before = noGrad(loss).item();
for (let step = 0; step < 20; step++) {
  optimizer.zeroGrad();
  loss().backward();
  optimizer.step();
}
const after = noGrad(loss).item();
if (!(after < before)) throw new Error(\`the loss went from \${before} to \${after}\`);
console.log("ok");
`;

/** Compiles every package, each after the ones that it depends on. */
export async function buildAll(): Promise<Outcome> {
  for (const item of packages()) {
    rmSync(join(item.folder, "dist"), { recursive: true, force: true });
    const { ok, output } = await command("tsc", ["-p", "tsconfig.build.json"], item.folder);
    if (!ok) return { ok, output: `${item.name}\n${output}` };
  }
  return { ok: true, output: `${packages().length} packages` };
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

  /** Installs the tarballs in an empty folder with npm, and trains a small network there: with plain Node, and as one minified file. */
  async smoke(): Promise<Outcome> {
    const folder = join(this.folder, "smoke");
    mkdirSync(folder);
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "smoke", private: true, type: "module" }));
    writeFileSync(join(folder, "train.js"), program);
    const flags = ["--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts", "--loglevel=error"];
    const installed = await command("npm", ["install", ...flags, ...this.tarballs.map(({ file }) => file)], folder);
    if (!installed.ok) return installed;
    const plain = await command(process.execPath, ["train.js"], folder);
    if (!plain.ok) return plain;
    await build({
      entryPoints: [join(folder, "train.js")],
      outfile: join(folder, "bundle.js"),
      bundle: true,
      minify: true,
      format: "esm",
      logLevel: "silent",
    });
    const { ok, output } = await command(process.execPath, ["bundle.js"], folder);
    return { ok: ok && output === "ok" && plain.output === "ok", output: ok ? "plain and bundled" : output };
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

function pinned(): string {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager;
}
