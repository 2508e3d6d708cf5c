import { cpus } from "node:os";
import { nearest } from "gradtape";
import { command, integerFrom, run, words } from "../shell/command.ts";
import { write } from "../shell/page.ts";
import { countdown } from "../shell/progress.ts";
import { entrants } from "./entrants.ts";
import { racePage } from "./page.ts";
import { type Problem, problems } from "./problems.ts";
import { compete, type Result } from "./race.ts";
import { summary } from "./summary.ts";

interface Options {
  readonly only?: readonly string[];
  readonly problems?: readonly string[];
  readonly steps?: number;
  readonly out: string;
  readonly json: boolean;
}

const optimizerNames = entrants.map(({ name }) => name);
const problemNames = problems.map(({ name }) => name);

/** Those of `all` whose names begin with a given word, whatever the case. */
function chosen<T extends { readonly name: string }>(option: string, all: readonly T[], wanted: readonly string[] | undefined): readonly T[] {
  if (wanted === undefined) return all;
  const fits = ({ name }: T, word: string): boolean =>
    name.toLowerCase() === word.toLowerCase() || name.toLowerCase().startsWith(`${word.toLowerCase()},`);
  for (const word of wanted)
    if (!all.some((item) => fits(item, word))) {
      const names = all.map(({ name }) => name);
      const close = nearest(word, names);
      throw new RangeError(
        `${option}: "${word}" is not known${close === undefined ? "" : `, did you mean ${close}?`}; there are ${names.join("; ")}`,
      );
    }
  return all.filter((item) => wanted.some((word) => fits(item, word)));
}

const shortened = (problem: Problem, steps: number | undefined): Problem =>
  steps === undefined ? problem : { ...problem, steps, searchSteps: Math.min(problem.searchSteps, steps) };

await run(async () => {
  const options = command(
    "optimizer-race",
    "Lets all optimizers run over three surfaces and train a small network, each with a rate that a search finds.",
  )
    .option("--only <names>", `optimizers, separated by commas: ${optimizerNames.join("; ")}`, words)
    .option("--problems <names>", problemNames.join(", "), words)
    .option("--steps <n>", "steps of every run (surfaces 1000, digits 150)", integerFrom(1))
    .option("--out <dir>", "where the page goes", "out/optimizer-race")
    .option("--json", "the results as JSON on stdout, nothing else", false)
    .parse()
    .opts<Options>();
  const stages = chosen("--problems", problems, options.problems).map((problem) => shortened(problem, options.steps));
  const field = chosen("--only", entrants, options.only);
  // A run on digits takes as long as six on a surface.
  const share = ({ surface }: Problem): number => (surface === undefined ? 6 : 1);
  const progress = countdown(stages.reduce((sum, problem) => sum + share(problem) * field.length, 0));
  const results: Result[] = [];
  try {
    for (const problem of stages)
      for (const entrant of field) {
        results.push(compete(problem, entrant));
        progress.tick(`${problem.name}: ${entrant.name}`, share(problem));
      }
  } finally {
    progress.stop();
  }
  const machine = `${cpus()[0]?.model ?? "an unknown processor"}, Node ${process.version}`;
  const path = await write(options.out, "index.html", racePage({ results, machine }));
  if (options.json) console.log(JSON.stringify(summary({ results, machine }), null, 1));
  else console.log(`page  ${path}`);
});
