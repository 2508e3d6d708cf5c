import { Command, InvalidArgumentError } from "commander";
import { optimizers } from "./optimizers.ts";
import { schedules } from "./schedules.ts";
import { type Settings, usualSteps } from "./settings.ts";

/** What the command line says. */
export interface Options {
  /** Settings that were given; the others have defaults, or come from the checkpoint. */
  readonly given: Partial<Settings>;
  /** Directory of MNIST files. */
  readonly data: string | undefined;
  readonly out: string;
  readonly resume: string | undefined;
  readonly json: boolean;
  readonly report: boolean;
}

const number = (text: string): number => {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("It must be a number.");
  return value;
};

const atLeastZero = (text: string): number => {
  const value = number(text);
  if (value < 0) throw new InvalidArgumentError("It must be a number of at least 0.");
  return value;
};

const integerFrom =
  (low: number) =>
  (text: string): number => {
    const value = number(text);
    if (!Number.isSafeInteger(value) || value < low) throw new InvalidArgumentError(`It must be a whole number of at least ${low}.`);
    return value;
  };

const filled = (text: string): string => {
  if (text.trim() === "") throw new InvalidArgumentError("It must not be empty.");
  return text;
};

const lowerCase = (text: string): string => filled(text).toLowerCase();

/** Reads the command line. Throws a `CommanderError` when it is wrong (the reason is already on stderr) or asks for help. */
export function readOptions(argv: readonly string[]): Options {
  const program = new Command("npm start --")
    .description("Trains a 784-256-128-10 network on handwritten digits, and reports what happened.")
    .option("--data <dir>", "MNIST files (IDX, gzip or not) instead of drawn digits", filled)
    .option("--examples <n>", "digits to draw for training, a fifth as many for the test (20000)", integerFrom(10))
    .option("--optimizer <name>", `${[...optimizers.keys()].join(", ")} (adamw)`, lowerCase)
    .option("--lr <rate>", "learning rate (the lesson's: adamw and adam 3e-4, sgd 0.1)", atLeastZero)
    .option("--weight-decay <rate>", "weight decay (adamw 0.01, sgd 5e-4)", atLeastZero)
    .option("--schedule <name>", `${schedules.join(", ")} (warmup-cosine)`, lowerCase)
    .option("--steps <n>", `optimizer steps (${usualSteps})`, integerFrom(1))
    .option("--warmup <n>", "steps of warm-up (a tenth of the steps)", integerFrom(0))
    .option("--batch <n>", "examples per step (32)", integerFrom(1))
    .option("--seed <n>", "seed of weights, order and digits (0)", integerFrom(0))
    .option("--out <dir>", "where checkpoint and report go", filled, "out")
    .option("--resume <file>", "go on where a checkpoint stopped, with its settings", filled)
    .option("--json", "one line of JSON on stdout, nothing else", false)
    .option("--no-report", "write no report")
    .allowExcessArguments(false)
    .configureOutput({ outputError: (text, write) => write(text.replace(/\s*\n(?=.)/g, " ")) })
    .exitOverride()
    .parse(argv, { from: "user" });
  const { data, out, resume, json, report, ...settings } = program.opts();
  return { given: { ...settings, ...(data !== undefined && { dataset: "mnist" }) }, data, out, resume, json, report };
}
