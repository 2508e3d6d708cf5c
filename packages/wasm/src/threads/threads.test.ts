import { cpu, tensor, zeros } from "@gradtape/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createWasmBackend, type WasmBackend } from "../index.ts";
import { threadsOfEnvironment } from "./host.ts";

const made: WasmBackend[] = [];

/** Runs a function on a backend that becomes the CPU's meanwhile. */
async function on<T>(backend: WasmBackend, run: () => T | Promise<T>): Promise<T> {
  const before = cpu.backend;
  cpu.setBackend(backend);
  try {
    return await run();
  } finally {
    cpu.setBackend(before);
  }
}

/** A backend that is stopped after the test. */
function make(): WasmBackend {
  const backend = createWasmBackend();
  made.push(backend);
  return backend;
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  for (const backend of made.splice(0)) void backend.setThreads(1);
});

describe("setThreads", () => {
  test("refuses what is no number of threads", () => {
    const backend = make();
    for (const wrong of [0, -1, 1.5, 65, Number.NaN, "2 or 3", undefined])
      expect(() => backend.setThreads(wrong as number)).toThrow(
        /^setThreads: the number of threads is a whole number from 1 \(none but this one\) to 64, not/,
      );
    vi.stubEnv("GRADTAPE_THREADS", "many");
    expect(() => createWasmBackend()).toThrow(
      'GRADTAPE_THREADS: the number of threads is a whole number from 1 (none but this one) to 64, not "many"',
    );
  });

  test("keeps what lies in the memory, and never lets a stale array be read", async () => {
    const backend = make();
    await on(backend, async () => {
      const x = zeros([100_000]).add(tensor(Float32Array.from({ length: 100_000 }, (_, i) => i)));
      const small = tensor([1, 2, 3]);
      const before = x.storage.data;
      expect(before).toHaveLength(100_000);
      await backend.setThreads(2);
      expect(before).toHaveLength(0);
      expect(x.data()[99_999]).toBe(99_999);
      expect([...small.add(1).data()]).toEqual([2, 3, 4]);
      expect(x.add(1).data()[99_999]).toBe(100_000);
      await backend.setThreads(1);
      expect(x.data()[500]).toBe(500);
      expect(backend.threadReport()).toMatchObject({ asked: 1, running: 1, reason: undefined });
    });
  });

  test("without SharedArrayBuffer one thread computes and the reports say why", async () => {
    vi.stubGlobal("SharedArrayBuffer", undefined);
    const backend = make();
    await on(backend, async () => {
      expect(await backend.setThreads(2)).toBe(1);
      expect(zeros([300_000]).add(1).sum().item()).toBe(300_000);
    });
    expect(backend.threadReport().reason).toMatch(/^no SharedArrayBuffer here; a page has it when it is cross-origin isolated/);
    expect(Object.keys(backend.backendReport().threads.reasons)).toEqual([backend.threadReport().reason]);
  });

  test("GRADTAPE_THREADS starts workers when a job is worth it", async () => {
    vi.stubEnv("GRADTAPE_THREADS", "2");
    expect(threadsOfEnvironment()).toBe("2");
    const backend = make();
    await on(backend, async () => {
      const x = zeros([10]).add(1);
      expect(x.sum().item()).toBe(10);
      expect(backend.threadReport()).toMatchObject({ asked: 2, running: 1 });
      const large = zeros([1_000_000]);
      for (let i = 0; i < 200 && backend.threadReport().running === 1; i++) {
        expect(large.exp().data()[i]).toBe(1);
        await new Promise((done) => setTimeout(done, 10));
      }
      expect(backend.threadReport().running).toBe(2);
      for (let i = 0; i < 20; i++) expect(large.exp().data()[999_999]).toBe(1);
      expect(backend.threadReport().jobs).toBeGreaterThan(0);
    });
  });
});

describe("workers that do not do their work", () => {
  const large = (): number => zeros([1_000_000]).add(1).exp().sum().item();
  const right = Math.fround(Math.E) * 1_000_000;

  /** A script for a worker: what it does once it is up, in terms of its shared words `s` and their names `w`. */
  const script = (does: string): URL =>
    new URL(
      `data:text/javascript,${encodeURIComponent(`
        const port = process.getBuiltinModule("node:worker_threads").parentPort;
        port.onmessage = ({ data: { memory, control, words: w } }) => {
          const s = new Int32Array(memory.buffer, control, w.size);
          const take = () => { for (;;) { const t = Atomics.load(s, w.ticket); if ((t & 255) > 0 && Atomics.compareExchange(s, w.ticket, t, t - 1) === t) return; } };
          Atomics.add(s, w.ready, 1);
          port.postMessage("ready");
          ${does}
        };`)}`,
    );

  /** Large sums until a condition holds, with time for events between them. */
  async function until(condition: () => boolean): Promise<void> {
    for (let i = 0; i < 500 && !condition(); i++) {
      expect(large() / right).toBeCloseTo(1, 5);
      await new Promise((done) => setTimeout(done, 10));
    }
    expect(condition()).toBe(true);
  }

  test("cannot start: one thread computes and the report says why", async () => {
    const backend = make();
    await on(backend, async () => {
      expect(await backend.setThreads(2, { script: new URL("./nowhere.js", import.meta.url) })).toBe(1);
      expect(backend.threadReport().reason).toMatch(/^a worker was lost: Cannot find module/);
      expect(large() / right).toBeCloseTo(1, 5);
    });
  });

  test("end before they take anything: nothing is lost", async () => {
    const backend = make();
    await on(backend, async () => {
      await backend.setThreads(2, { script: script("process.exit(7);") });
      await until(() => backend.threadReport().reason !== undefined);
      expect(backend.threadReport()).toMatchObject({ running: 1, reason: "a worker was lost: it ended with code 7" });
    });
  });

  test("end with a part in their hands: an error, then one thread computes", async () => {
    const backend = make();
    await on(backend, async () => {
      await backend.setThreads(2, { script: script("take(); process.exit(1);"), patience: 200 });
      const start = performance.now();
      await expect(until(() => false)).rejects.toThrow(
        /^wasm: a worker took a part of a job and has not answered for \d+\.\d s; it may have been killed/,
      );
      expect(performance.now() - start).toBeLessThan(5000);
      expect(large() / right).toBeCloseTo(1, 5);
      expect(backend.threadReport()).toMatchObject({ running: 1, reason: expect.stringContaining("a worker took a part of a job") });
      expect(await backend.setThreads(2)).toBe(2);
      expect(large() / right).toBeCloseTo(1, 5);
    });
  });

  test("fail: an error that says what, then one thread computes", async () => {
    const backend = make();
    await on(backend, async () => {
      const worker = new URL("./worker.js", import.meta.url).href;
      const broken = `WebAssembly.Module = class { constructor() { throw new Error("no room for code"); } }; await import(${JSON.stringify(worker)});`;
      await backend.setThreads(2, { script: new URL(`data:text/javascript,${encodeURIComponent(broken)}`) });
      await expect(until(() => false)).rejects.toThrow("wasm: a worker failed: Error: no room for code");
      expect(large() / right).toBeCloseTo(1, 5);
      expect(backend.threadReport().running).toBe(1);
    });
  });
});
