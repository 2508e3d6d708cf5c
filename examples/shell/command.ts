import { Command, CommanderError, InvalidArgumentError } from "commander";

/** A command line that refuses what it does not know, in one line of text. */
export function command(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .allowExcessArguments(false)
    .configureOutput({ outputError: (text, write) => write(text.replace(/\s*\n(?=.)/g, " ")) })
    .exitOverride();
}

const number = (text: string): number => {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("It must be a number.");
  return value;
};

/** Reads a whole number of at least `low`. */
export const integerFrom =
  (low: number) =>
  (text: string): number => {
    const value = number(text);
    if (!Number.isSafeInteger(value) || value < low) throw new InvalidArgumentError(`It must be a whole number of at least ${low}.`);
    return value;
  };

/** Reads a list of words, separated by commas. */
export const words = (text: string): string[] => {
  const list = text.split(",").flatMap((word) => (word.trim() === "" ? [] : [word.trim()]));
  if (list.length === 0) throw new InvalidArgumentError("It must not be empty.");
  return list;
};

/** Runs a program: wrong usage ends with code 2, any other error with code 1 and one line on stderr. */
export async function run(program: () => void | Promise<void>): Promise<void> {
  try {
    await program();
  } catch (error) {
    const told = error instanceof CommanderError;
    if (!told) console.error(`error: ${error instanceof Error ? error.message.replace(/\s*\n\s*/g, " ") : String(error)}`);
    process.exitCode = told ? (error.exitCode === 0 ? 0 : 2) : 1;
  }
}
