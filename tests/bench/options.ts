import { parseArgs } from "node:util";
import { type Contestant, chosen, contestants } from "./peers.ts";
import { allNames, named, STARTUP, type Workload } from "./workloads.ts";

const usage = `pnpm bench [--workloads a,b] [--peers a,b] [--rounds 7] [--milliseconds 150] [--out NAME] [--json FILE] [--source]
       pnpm bench gpu --help   the GPU device, in a browser

Runs every workload on every peer, in processes of their own, in turn, and checks what they compute before their times count.

  --workloads      default all: ${allNames.join(", ")}
  --peers          default all but (optional): ${contestants.map(({ name, optional }) => (optional ? `(${name})` : name)).join(", ")}
  --rounds         rounds of each workload
  --milliseconds   length of a round of one peer
  --out            writes results/NAME.json and results/NAME.md; a run of everything writes results/cpu
  --json           also writes the JSON to FILE
  --source         runs the sources of Gradtape in one file, instead of building the packages and running those
  --help           prints this
`;

/** What the command line asks for. */
export interface Options {
  readonly workloads: readonly Workload[];
  readonly startup: boolean;
  readonly contestants: readonly Contestant[];
  readonly rounds: number;
  readonly milliseconds: number;
  readonly out: string | undefined;
  readonly json: string | undefined;
  readonly source: boolean;
}

/** Reads the command line. Errors: unknown names, numbers that are not whole or not positive. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      workloads: { type: "string", default: allNames.join(",") },
      peers: { type: "string" },
      rounds: { type: "string", default: "7" },
      milliseconds: { type: "string", default: "150" },
      out: { type: "string" },
      json: { type: "string" },
      source: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  const positive = (name: "rounds" | "milliseconds"): number => {
    const value = Number(values[name]);
    if (!(Number.isInteger(value) && value > 0)) throw new TypeError(`bench: --${name} takes a whole number above 0, got ${values[name]}`);
    return value;
  };
  const names = values.workloads.split(",");
  const everything = values.peers === undefined && allNames.every((name) => names.includes(name));
  return {
    workloads: named(names),
    startup: names.includes(STARTUP),
    contestants: chosen(values.peers?.split(",")),
    rounds: positive("rounds"),
    milliseconds: positive("milliseconds"),
    out: values.out ?? (everything ? "cpu" : undefined),
    json: values.json,
    source: values.source,
  };
}
