import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { train } from "../policy/network.ts";
import { bundle, chromiumPath, demanded, TestPage } from "./chromium.ts";

interface Trained {
  readonly backend: string;
  readonly kernels: number;
  readonly losses: readonly number[];
}

const policy = { "content-security-policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'" };
const isolated = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
const worker = readFileSync(new URL("../../packages/wasm/src/threads/worker.js", import.meta.url), "utf8");

describe.skipIf(chromiumPath === undefined && !demanded)("the CPU backend on a page without unsafe-eval", () => {
  let page: TestPage;
  beforeAll(async () => {
    page = await TestPage.open(await bundle(`${import.meta.dirname}/pages/cpu.ts`), {
      headers: { ...policy, ...isolated },
      files: { "/worker.js": worker },
    });
  }, 60_000);
  afterAll(() => page?.close());

  test("trains in WebAssembly, on the page and in a worker, to the losses of Node", async () => {
    expect(await page.call("evaluates")).toBe(false);
    const [here, there] = [await page.call<Trained>("trained"), await page.call<Trained>("inWorker")];
    for (const { backend, kernels, losses } of [here, there]) {
      expect(backend).toBe("wasm");
      expect(kernels).toBeGreaterThan(100);
      expect(losses).toEqual(train(20).map((loss) => expect.closeTo(loss, 5)));
    }
    expect(there.losses).toEqual(here.losses);
  }, 60_000);

  test("two threads, where the page is isolated, compute the same bits", async () => {
    expect(await page.call("threads")).toEqual({ running: 2, differences: 0 });
  }, 60_000);

  test("without isolation everything runs on one thread", async () => {
    const plain = await TestPage.open(await bundle(`${import.meta.dirname}/pages/cpu.ts`), { headers: policy });
    try {
      expect(await plain.call("threads")).toEqual({ running: 1, differences: 0 });
    } finally {
      await plain.close();
    }
  }, 60_000);
});
