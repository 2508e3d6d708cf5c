import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "./process.ts";

const here = import.meta.dirname;

/** Folder of what the benchmark makes for itself: compiled peers, the numbers. */
export const workshop = join(here, "dist");

/** File of the numbers that PyTorch reads. */
export const numbersFile = join(workshop, "numbers.f32");

/** A column of the table. */
export interface Contestant extends Command {
  readonly name: string;
  readonly title: string;
  /** A file that must be there, and what to do where it is not. */
  readonly needs?: { readonly file: string; readonly hint: string };
  /** Not run unless it is named. */
  readonly optional?: true;
}

/** Where `pnpm bench:setup` installs. */
export const installed = join(here, "node_modules");

/** Folder of an OpenBLAS for the benchmark alone, which `setup.ts` unpacks. */
export const openblas = join(installed, ".openblas");

const node24 = join(installed, "node/bin", process.platform === "win32" ? "node.exe" : "node");
const hint = "run pnpm bench:setup";
const modern = { command: node24, needs: { file: node24, hint } };
const current = { command: process.execPath };
const python = "/usr/bin/python3";

/** Where the loader finds OpenBLAS before the system's BLAS, if it was unpacked. */
function fastLibraries(): Readonly<Record<string, string>> {
  const lib = join(openblas, "usr/lib");
  if (!existsSync(lib)) return {};
  const folders = readdirSync(lib, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith("openblas-pthread"));
  return { LD_LIBRARY_PATH: [...folders.map((path) => join(lib, path)), process.env.LD_LIBRARY_PATH ?? ""].join(":") };
}

const torch = (threads: number): Contestant => ({
  name: `torch${threads}`,
  title: threads === 1 ? "PyTorch" : `PyTorch, ${threads} threads`,
  command: python,
  args: [join(here, "peers/pytorch.py"), numbersFile, String(threads)],
  env: fastLibraries(),
  needs: { file: python, hint: "install Python 3 with PyTorch (Debian: python3-torch)" },
});

const script = (name: string, ...args: readonly string[]): string[] => [join(workshop, `${name}.js`), ...args];
/** Major version of the Node that runs the benchmark. */
export const major = Number(process.versions.node.split(".")[0]);
// jax-js uses the fused multiply-add where the engine has it, in Node 20 only behind a flag, and traces long programs by deep recursion.
const deep = "--stack-size=3900";
const generous = major < 22 ? [deep, "--experimental-wasm-relaxed-simd"] : [deep];

/** Every peer, in the order of the table; the first is what ratios refer to. */
export const contestants: readonly Contestant[] = [
  torch(1),
  torch(2),
  { name: "node", title: `Node ${major}`, ...current, args: script("gradtape") },
  { name: "node-2t", title: `Node ${major}, 2 threads`, ...current, args: script("gradtape", "--threads=2") },
  { name: "node24", title: "Node 24", ...modern, args: script("gradtape") },
  { name: "node24-2t", title: "Node 24, 2 threads", ...modern, args: script("gradtape", "--threads=2") },
  { name: "turbo", title: "Node 24, turbo()", ...modern, args: script("gradtape", "--turbo") },
  { name: "turbo-2t", title: "Node 24, turbo(), 2 threads", ...modern, args: script("gradtape", "--turbo", "--threads=2") },
  { name: "reference", title: `Node ${major}, reference backend`, ...current, args: script("gradtape", "--backend=reference"), optional: true },
  { name: "jaxjs", title: `jax-js, Node ${major}`, ...current, args: [...generous, ...script("jaxjs")], needs: modern.needs },
  { name: "jaxjs24", title: "jax-js, Node 24", ...modern, args: [deep, ...script("jaxjs")] },
  { name: "tfjs", title: `tfjs, Node ${major}`, ...current, args: script("tfjs"), needs: modern.needs },
  { name: "tfjs24", title: "tfjs, Node 24", ...modern, args: script("tfjs") },
];

/** The peers of these names, or those that run by default. Error: an unknown name. */
export function chosen(names: readonly string[] | undefined): Contestant[] {
  if (names === undefined) return contestants.filter(({ optional }) => optional === undefined);
  const unknown = names.filter((name) => !contestants.some((contestant) => contestant.name === name));
  if (unknown.length > 0)
    throw new TypeError(`bench: no peer is named ${unknown.join(", ")}; there are ${contestants.map(({ name }) => name).join(", ")}`);
  return contestants.filter(({ name }) => names.includes(name));
}

/** What a contestant lacks to start, or nothing. */
export const lacking = ({ needs }: Contestant): string | undefined => (needs === undefined || existsSync(needs.file) ? undefined : needs.hint);
