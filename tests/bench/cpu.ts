import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { compile } from "./compile.ts";
import { readOptions } from "./options.ts";
import { type Contestant, lacking } from "./peers.ts";
import { PeerProcess } from "./process.ts";
import { type EngineRoof, isWithout, type Roof } from "./protocol.ts";
import { type Column, type Findings, load, machine, type Row, toJson } from "./record.ts";
import { higher, leastTime } from "./roof.ts";
import { isResult, measure } from "./rounds.ts";
import { sizes } from "./size.ts";
import { starts } from "./startup.ts";
import { markdown } from "./table.ts";

/** Shows what is going on, in one line, on a terminal only. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

/** Starts the peers; one that cannot run is told, here and in the results. */
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

const { workloads, startup, contestants, rounds, milliseconds, out, json, source } = readOptions(process.argv.slice(2));
await compile({ source });
const began = performance.now();
const [date, before] = [new Date().toISOString(), load()];
const { columns, peers } = await start(contestants);
if (peers.length === 0) throw new Error("bench: no peer runs");
const reference = peers[0].name;

/** What bounds this machine at the moment, as PyTorch with one thread finds it. */
async function probe(): Promise<Roof | null> {
  const answer = await peers.find(({ name }) => name === "torch1")?.ask<Roof>({ ask: "roof", workload: "", milliseconds });
  return answer === undefined || isWithout(answer) ? null : answer;
}

const early = await probe();
if (early === null) console.error("bench: without PyTorch there is no roof");
const rows: Omit<Row, "roof">[] = [];
for (const [k, workload] of workloads.entries()) {
  const { name, title, work } = workload;
  const results = await measure(workload, peers, {
    rounds,
    milliseconds,
    reference,
    progress: (peer, round) => progress(`${k + 1}/${workloads.length} ${name}: ${round === 0 ? "check" : `round ${round}`}, ${peer}`),
  });
  progress("");
  console.error(`${name}, ms: ${results.map((result) => `${result.peer} ${isResult(result) ? result.median.toPrecision(3) : "–"}`).join(", ")}`);
  for (const result of results) if (!isResult(result)) console.error(`  ${result.peer}: ${result.why}`);
  rows.push({ name, title, work, results });
}
const roof = higher(early, await probe());
const engines = new Map<string, EngineRoof>();
for (const peer of peers) {
  if (peer.name.startsWith("torch")) continue;
  const answer = await peer.ask<EngineRoof>({ ask: "roof", workload: "", milliseconds });
  if (!isWithout(answer)) engines.set(peer.name, answer);
}
for (const peer of peers) peer.stop();

const findings: Findings = {
  date,
  machine: machine(),
  load: [before, load()],
  rounds,
  milliseconds,
  reference,
  roof,
  columns: columns.map((column) => {
    const engine = engines.get(column.name);
    return engine === undefined ? column : { ...column, engine };
  }),
  rows: rows.map((row) => ({ ...row, roof: leastTime(row.work, roof) })),
  starts: startup ? starts(rounds, progress) : [],
  sizes: startup ? await sizes() : [],
  seconds: (performance.now() - began) / 1000,
};
progress("");
console.log(markdown(findings));
console.error(`bench: ${findings.seconds.toFixed(0)} s`);
if (json !== undefined) writeFileSync(json, toJson(findings));
if (out !== undefined) {
  const file = join(import.meta.dirname, "results", out);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.json`, toJson(findings));
  writeFileSync(`${file}.md`, markdown(findings));
}
