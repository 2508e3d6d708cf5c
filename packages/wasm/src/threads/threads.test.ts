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
