import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { type Contestant, contestants, installed, lacking, major, workshop } from "./peers.ts";
import { median } from "./statistics.ts";

/** From the start of a process to the end of its first training step, in milliseconds. */
export interface Start {
  readonly title: string;
  readonly median: number;
  readonly best: number;
}

/** Programs, and the peer whose engine runs them; an empty one shows what the engine alone takes. */
const programs: readonly { readonly title: string; readonly peer: string; readonly args: readonly string[] }[] = [
  { title: `Node ${major}, empty program`, peer: "node", args: ["--eval", "0"] },
  { title: "Node 24, empty program", peer: "node24", args: ["--eval", "0"] },
  { title: `Gradtape, Node ${major}`, peer: "node", args: [join(workshop, "start-gradtape.js")] },
  { title: "Gradtape, Node 24", peer: "node24", args: [join(workshop, "start-gradtape.js")] },
  { title: "jax-js, Node 24", peer: "jaxjs24", args: [join(workshop, "start-jaxjs.js")] },
  { title: "tfjs, Node 24", peer: "tfjs24", args: [join(workshop, "start-tfjs.js")] },
  { title: "PyTorch", peer: "torch1", args: [join(import.meta.dirname, "start/pytorch.py")] },
];

const env = { TFJS_WASM_PATH: join(installed, "@tensorflow/tfjs-backend-wasm/dist/") };

/** Starts every program in turn, `rounds` times. Those that fail, or whose engine is not there, are left out. */
export function starts(rounds: number, progress: (title: string) => void): Start[] {
  const engine = (peer: string): Contestant => contestants.find(({ name }) => name === peer)!;
  const running = programs
    .map((program) => ({ ...program, engine: engine(program.peer), times: [] as number[], failed: false }))
    .filter((program) => lacking(program.engine) === undefined);
  for (let round = 0; round < rounds; round++)
    for (const program of running) {
      if (program.failed) continue;
      progress(`start of ${program.title}`);
      const start = performance.now();
      const { status } = spawnSync(program.engine.command, program.args, { env: { ...process.env, ...env, ...program.engine.env }, stdio: "ignore" });
      program.failed = status !== 0;
      program.times.push(performance.now() - start);
    }
  return running.filter(({ failed }) => !failed).map(({ title, times }) => ({ title, median: median(times), best: Math.min(...times) }));
}
