import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compile } from "./compile.ts";
import { type Contestant, chosen, contestants, lacking } from "./peers.ts";
import { PeerProcess } from "./process.ts";
import { isWithout, type Roof } from "./protocol.ts";
import { type Column, type Findings, load, machine, type Row, toJson } from "./record.ts";
import { leastTime } from "./roof.ts";
import { isResult, measure } from "./rounds.ts";
import { markdown } from "./table.ts";
import { named, workloads } from "./workloads.ts";

const usage = `pnpm bench [--workloads a,b] [--peers a,b] [--rounds 9] [--milliseconds 150] [--out NAME] [--json FILE] [--source]

Runs every workload on every peer, in processes of their own, in turn, and checks what they compute before their times count.

  --workloads      default all: ${workloads.map(({ name }) => name).join(", ")}
  --peers          default all but (optional): ${contestants.map(({ name, optional }) => (optional ? `(${name})` : name)).join(", ")}
  --rounds         rounds of each workload
  --milliseconds   length of a round of one peer
  --out            writes results/NAME.json and results/NAME.md; a run of everything writes results/cpu
  --json           also writes the JSON to FILE
  --source         runs the sources of Gradtape in one file, instead of the built packages
  --help           prints this
`;

function options() {
  const { values } = parseArgs({
    options: {
      workloads: { type: "string" },
      peers: { type: "string" },
      rounds: { type: "string", default: "9" },
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
  const everything = values.workloads === undefined && values.peers === undefined;
  return {
    workloads: values.workloads === undefined ? workloads : named(values.workloads.split(",")),
    contestants: chosen(values.peers?.split(",")),
    rounds: positive("rounds"),
    milliseconds: positive("milliseconds"),
    out: values.out ?? (everything ? "cpu" : undefined),
    json: values.json,
    source: values.source,
  };
}

/** Shows what is going on, on a terminal only, in one line. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

async function start(list: readonly Contestant[]): Promise<{ columns: Column[]; peers: PeerProcess[] }> {
  const columns: Column[] = [];
  const peers: PeerProcess[] = [];
  for (const contestant of list) {
    const { name, title } = contestant;
    try {
      const lack = lacking(contestant);
      if (lack !== undefined) throw new Error(lack);
      const { peer, ready } = await PeerProcess.start(name, contestant);
      peers.push(peer);
      columns.push({ name, title, ready });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      columns.push({ name, title, why });
      console.error(`bench: ${title} does not run: ${why}`);
    }
  }
  return { columns, peers };
}

const { contestants: list, rounds, milliseconds, out, json, source, ...chosenWork } = options();
const began = performance.now();
const [date, before] = [new Date().toISOString(), load()];
await compile({ source });
const { columns, peers } = await start(list);
if (peers.length === 0) throw new Error("bench: no peer runs");
const reference = peers[0].name;

const teller = peers.find(({ name }) => name === "torch1");
const told = await teller?.ask<Roof>({ ask: "roof", workload: "", milliseconds });
const roof = told === undefined || isWithout(told) ? null : told;
if (roof === null) console.error("bench: without PyTorch there is no roof");

const rows: Row[] = [];
for (const [k, workload] of chosenWork.workloads.entries()) {
  const { name, title, work } = workload;
  const results = await measure(workload, peers, {
    rounds,
    milliseconds,
    reference,
    progress: (peer, round) => progress(`${k + 1}/${chosenWork.workloads.length} ${title}: ${round === 0 ? "check" : `round ${round}`}, ${peer}`),
  });
  progress("");
  const told = results.map((result) => (isResult(result) ? `${result.peer} ${result.median.toPrecision(3)}` : `${result.peer} –`));
  console.error(`${name}, ms: ${told.join(", ")}`);
  for (const result of results) if (!isResult(result)) console.error(`  ${result.peer}: ${result.why}`);
  rows.push({ name, title, work, roof: leastTime(work, roof ?? undefined) ?? null, results });
}
for (const peer of peers) peer.stop();

const seconds = (performance.now() - began) / 1000;
const findings: Findings = { date, machine: machine(), load: [before, load()], seconds, rounds, milliseconds, reference, roof, columns, rows };
console.log(markdown(findings));
console.error(`bench: ${seconds.toFixed(0)} s`);
const files = [...(json === undefined ? [] : [json]), ...(out === undefined ? [] : [join(import.meta.dirname, "results", `${out}.json`)])];
for (const file of files) writeFileSync(file, toJson(findings));
if (out !== undefined) writeFileSync(join(import.meta.dirname, "results", `${out}.md`), markdown(findings));
