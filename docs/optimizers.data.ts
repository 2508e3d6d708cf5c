import { readFileSync } from "node:fs";
import { join } from "node:path";
import { optim, type Shape, toLatex } from "gradtape";
import { createMarkdownRenderer } from "vitepress";
import type { Summary } from "../examples/optimizer-race/summary.ts";
import { Glyphs } from "./glyphs.ts";

/** A rule as the page shows it. */
interface Shown {
  readonly name: string;
  readonly anchor: string;
  /** The comment above it in the source: the paper, and what differs. */
  readonly cite: string;
  /** HTML. */
  readonly formula: string;
  readonly options: readonly string[];
  readonly keeps: string;
  readonly more: string;
}

/** A line of the comparison. */
interface Row {
  readonly name: string;
  readonly anchor: string;
  readonly memory: string;
  readonly steps: readonly string[];
  readonly right: string;
  readonly ms: string;
  readonly use: string;
}

/** The rules and what was measured of them; VitePress puts what `load` returns in its place when the site is built. */
export declare const data: {
  readonly rules: readonly Shown[];
  /** HTML that the formulas refer to. */
  readonly glyphs: string;
  readonly rows: readonly Row[];
  readonly problems: readonly string[];
  readonly source: string;
  readonly machine: string;
};

const root = join(import.meta.dirname, "..");
const source = "examples/optimizer-race/results.json";

/** When one takes it; what only experience can say. */
const uses: Readonly<Record<string, string>> = {
  ASGD: "you evaluate the average of the weights, and the problem is convex",
  Adadelta: "there is no rate to tune at all",
  Adafactor: "memory is short: a matrix keeps only means of its rows and columns",
  Adagrad: "features are sparse and of very different frequency",
  Adam: "you want something that works with lr 0.001 and no decay",
  AdamW: "in doubt: the default of transformers, and of most else",
  Adamax: "gradients have rare, huge elements",
  LAMB: "batches are very large",
  LARS: "batches are very large, and SGD is what works",
  LBFGS: "the loss is deterministic and smooth, and the model small",
  Lion: "half of Adam's memory; take a third of its rate and three times its decay",
  Muon: "weight matrices of hidden layers; AdamW for the rest",
  NAdam: "Adam, with a lookahead",
  RAdam: "Adam, without a warm-up",
  RMSprop: "recurrent nets and reinforcement learning",
  Rprop: "whole batches only: the sign decides, noise breaks it",
  SGD: "vision nets with momentum and a schedule; the least memory",
  "SGD, momentum": "the classic of image classification",
  SparseAdam: "embeddings of which a batch touches few rows",
};

type Rule = optim.Rule;

const text = (value: unknown): string =>
  Array.isArray(value) ? `[${value.map(text).join(", ")}]` : typeof value === "string" ? JSON.stringify(value) : String(value);

const anchorOf = (name: string): string => name.split(",")[0].toLowerCase();

/** The sentences above a rule in its file. */
function citation(name: string): string {
  const file = readFileSync(join(root, "packages/optim/src/rules", `${name.toLowerCase()}.ts`), "utf8");
  const before = file.slice(0, file.search(/\n(export )?const \w+ = rule\(/));
  const comment = before.slice(before.lastIndexOf("/**"));
  return comment
    .replaceAll(/\/\*\*|\s*\*\/|^\s*\*/gm, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll("`", "")
    .trim();
}

/** Numbers kept per number of a matrix of this shape. */
function memoryOf(rule: Rule, options: Rule["spec"]["options"], shape: Shape): { readonly names: readonly string[]; readonly share: number } {
  const { state } = rule.plan(options, shape.length);
  const size = (of: Shape): number => of.reduce((a, b) => a * b, 1);
  const kept = state.reduce((sum, name) => sum + size(rule.spec.shapes?.[name]?.(shape) ?? shape), 0);
  return { names: state, share: kept / size(shape) };
}

const memoryText = (share: number): string => (Number.isInteger(share) ? String(share) : share < 0.1 ? "≈ 0" : share.toFixed(2));

function shown(rule: Rule, render: (markdown: string) => string): Shown {
  const { options } = rule.spec;
  const usual = memoryOf(rule, options, [1024, 1024]);
  const on = Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name,
      typeof value === "boolean" && name !== "maximize" ? true : name === "momentum" && value === 0 ? 0.9 : value,
    ]),
  );
  const most = memoryOf(rule, { ...options, ...on }, [1024, 1024]);
  const added = most.names.filter((name) => !usual.names.includes(name));
  const keeps = usual.names.length === 0 ? "nothing" : `${memoryText(usual.share)} per number trained (${usual.names.join(", ")})`;
  const switches = Object.keys(on).filter(
    (name) => on[name] !== options[name] && memoryOf(rule, { ...options, [name]: on[name] }, [1024, 1024]).share > usual.share,
  );
  const more = added.length === 0 ? "." : `, and with ${switches.join(" or ")} also ${added.join(", ")}.`;
  return {
    name: rule.name,
    anchor: anchorOf(rule.name),
    cite: citation(rule.name),
    formula: render(`$$\n${toLatex(rule.formula)}\n$$\n`),
    options: Object.entries(options).map(([name, value]) => `${name}: ${text(value)}`),
    keeps,
    more,
  };
}

export default {
  watch: [join(root, source), join(root, "packages/optim/src/rules/*.ts")],
  async load(): Promise<typeof data> {
    const markdown = await createMarkdownRenderer(import.meta.dirname, { math: true });
    const glyphs = new Glyphs("rule");
    const render = (content: string): string => glyphs.shorten(markdown.render(content));
    const rules = Object.values(optim).flatMap((value) => (value instanceof optim.Rule ? [value as unknown as Rule] : []));
    const race = JSON.parse(readFileSync(join(root, source), "utf8")) as Summary;
    const problems = [...new Set(race.results.map(({ problem }) => problem))];
    const names = [...new Set(race.results.map(({ optimizer }) => optimizer))];
    const rows = names.map((name): Row => {
      const own = problems.map((problem) => race.results.find((result) => result.optimizer === name && result.problem === problem));
      const digits = own[own.length - 1];
      const kept = digits?.statePerParameter ?? Number.NaN;
      return {
        name,
        anchor: anchorOf(name),
        memory: Math.abs(kept - Math.round(kept)) < 0.005 ? String(Math.round(kept)) : kept.toFixed(2),
        steps: own.map((result) => (result?.stepsToThreshold === null ? "–" : String(result?.stepsToThreshold))),
        right: `${(100 * (digits?.accuracy ?? Number.NaN)).toFixed(1)} %`,
        ms: digits?.msPerStep.toFixed(1) ?? "",
        use: uses[name] ?? "",
      };
    });
    const all = rules.map((rule) => shown(rule, render));
    return { rules: all, glyphs: glyphs.definitions, rows, problems, source, machine: race.machine };
  },
};
