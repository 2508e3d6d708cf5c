import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { type Answer, isWithout, type Question, type Ready } from "./protocol.ts";

/** How a peer is started. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What the rounds need of a peer. */
export interface Peer {
  readonly name: string;
  ask<T>(question: Question): Promise<Answer<T>>;
}

/** Longest wait for an answer, in milliseconds. */
const PATIENCE = 180_000;

/** A peer in a process of its own, which lives as long as the benchmark. */
export class PeerProcess implements Peer {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #complaints = "";
  #end: string | undefined;

  private constructor(
    readonly name: string,
    { command, args, env }: Command,
  ) {
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } });
    this.#child.stderr?.on("data", (chunk) => (this.#complaints = (this.#complaints + chunk).slice(-2000)));
    this.#child.on("error", (error) => (this.#end = error.message));
    this.#child.stdin?.on("error", () => {});
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  /** Starts a process and waits until it tells what it is. Error: what it said instead. */
  static async start(name: string, command: Command): Promise<{ readonly peer: PeerProcess; readonly ready: string }> {
    const peer = new PeerProcess(name, command);
    const answer = await peer.#answer<Ready>();
    if (!isWithout(answer)) return { peer, ready: answer.ready };
    peer.stop();
    throw new Error(answer.missing ?? answer.error);
  }

  async ask<T>(question: Question): Promise<Answer<T>> {
    if (this.#end !== undefined) return { error: this.#end };
    this.#child.stdin?.write(`${JSON.stringify(question)}\n`);
    return this.#answer<T>();
  }

  /** The next line that is an answer; libraries may print others. */
  async #answer<T>(): Promise<Answer<T>> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((done) => (timer = setTimeout(done, PATIENCE, "late")));
    try {
      for (;;) {
        const next = await Promise.race([this.#lines.next(), late]);
        if (next === "late") {
          this.stop();
          return { error: (this.#end = `no answer in ${PATIENCE / 1000} s`) };
        }
        if (next.done) return { error: (this.#end ??= this.#lastWords()) };
        if (next.value.startsWith("{")) return JSON.parse(next.value);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** What a process that ended said last: the line that names an error, where there is one. */
  #lastWords(): string {
    const lines = this.#complaints.split("\n").filter((line) => line.trim() !== "");
    return lines.findLast((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? "ended without a word";
  }

  /** Ends the process. */
  stop(): void {
    this.#child.kill();
  }
}
