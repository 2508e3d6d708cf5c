import { readReference } from "../docs/reference.ts";
import { bundleSize } from "./bundle.ts";
import { command } from "./command.ts";
import { cycles, wrongDirections } from "./imports.ts";
import { lineCounts } from "./lines.ts";
import { buildAll, Packed } from "./packed.ts";
import { demanded, howToInstall, runtimes } from "./runtimes.ts";

/** How a step ended: a word for its line, and what to read when it failed or when it was asked for alone. */
export interface Result {
  readonly ok: boolean;
  readonly word?: string;
  readonly details?: readonly string[];
  /** Details that are worth a look though the step passed. */
  readonly warnings?: readonly string[];
}

/** One check. */
export interface Step {
  readonly name: string;
  readonly about: string;
  run(): Promise<Result> | Result;
}

const failsWith = (problems: readonly string[], word: string): Result => ({ ok: problems.length === 0, word, details: problems });

/** A step that is a command of one of the tools. */
const tool = (name: string, about: string, args: readonly [string, ...string[]]): Step => ({
  name,
  about,
  run: async () => {
    const { ok, output } = await command(args[0], args.slice(1));
    return { ok, details: [output] };
  },
});

let packed: Promise<{ readonly all: Packed; readonly problem: string | undefined }> | undefined;

/** Looks at the tarballs, which are packed once for all steps. */
async function tarballs(look: (all: Packed) => ReturnType<Packed["smoke"]>): Promise<Result> {
  packed ??= (async () => {
    const all = new Packed();
    process.on("exit", () => all.remove());
    const { ok, output } = await all.pack();
    return { all, problem: ok ? undefined : output };
  })();
  const { all, problem } = await packed;
  if (problem !== undefined) return { ok: false, details: [problem] };
  const { ok, output } = await look(all);
  return { ok, word: ok ? output : "", details: [output] };
}

/** Every check of `pnpm check`, in order. */
export const steps: readonly Step[] = [
  tool("types", "TypeScript over the whole workspace", ["tsc", "-p", "."]),
  tool("style", "Biome: lint and format", ["biome", "check", "--error-on-warnings", "."]),
  {
    name: "imports",
    about: "imports point one way, between packages and between the rooms of core",
    run() {
      const { problems, seen } = wrongDirections();
      return failsWith(problems, `${seen} imports`);
    },
  },
  {
    name: "cycles",
    about: "no value import leads back to itself",
    run() {
      const { problems, seen } = cycles();
      return failsWith(problems, `${seen} files`);
    },
  },
  {
    name: "lines",
    about: "no file above 300 lines; a warning above 250",
    run() {
      const { problems, warnings, table } = lineCounts();
      return { ok: problems.length === 0, word: table.at(-1)!.replace(/ +/g, " "), details: [...problems, ...table], warnings };
    },
  },
  {
    name: "documented",
    about: "every public name has a doc comment, every link in one leads somewhere",
    async run() {
      const { problems, project } = await readReference();
      return failsWith(project === undefined ? [...problems, "TypeDoc could not read the packages"] : problems, "");
    },
  },
  {
    name: "size",
    about: "core, nn and optim in one file, minified and compressed",
    async run() {
      const { bytes, budget, parts } = await bundleSize();
      const word = `${(bytes / 1024).toFixed(1)} KB of ${budget / 1024} KB`;
      return { ok: bytes <= budget, word, details: parts };
    },
  },
  {
    name: "build",
    about: "every package to JavaScript and declarations",
    async run() {
      const { ok, output } = await buildAll();
      return { ok, word: ok ? output : "", details: [output] };
    },
  },
  { name: "publint", about: "manifests, entry points and packed files agree", run: () => tarballs((all) => all.publint()) },
  { name: "attw", about: "types are found wherever code is found", run: () => tarballs((all) => all.attw()) },
  { name: "smoke", about: "the tarballs, installed in an empty folder, train with plain Node", run: () => tarballs((all) => all.smoke()) },
  {
    name: "runtimes",
    about: "the tarballs train in Node 24, Deno and Bun, on the main thread and in a worker",
    run: () => (demanded || runtimes().length > 0 ? tarballs((all) => all.runtimes()) : { ok: true, word: `skipped: ${howToInstall} brings them` }),
  },
];
