// The CPU backend on a page with a strict policy: training on the page, in a worker, and on two threads.
import { backendReport, cpu, randn, setThreads } from "gradtape";
import { train } from "../../policy/network.ts";

interface Trained {
  readonly backend: string;
  readonly kernels: number;
  readonly losses: readonly number[];
}

function trained(): Trained {
  const losses = train(20);
  return { backend: cpu.backend.name, kernels: backendReport().map?.wasm ?? 0, losses };
}

/** What a large product is with one thread and with two. */
async function threads(): Promise<{ running: number; differences: number }> {
  const x = randn([300, 300]);
  const alone = x.matmul(x).data();
  const running = await setThreads(2, { backOff: false });
  const together = x.matmul(x).data();
  await setThreads(1);
  return { running, differences: alone.filter((value, k) => value !== together[k]).length };
}

/** The training in a module worker, which loads the same script. */
function inWorker(): Promise<Trained> {
  const worker = new Worker("/script.js", { type: "module" });
  return new Promise((done, fail) => {
    worker.onmessage = ({ data }) => done(data);
    worker.onerror = ({ message }) => fail(new Error(message));
  });
}

/** Whether code can be made from text here; asked while the page loads, because a debugger that calls later is exempt from the policy. */
const evaluates = ((): boolean => {
  try {
    return new Function("return true")();
  } catch {
    return false;
  }
})();

if (typeof document === "undefined") postMessage(trained());
else Object.assign(globalThis, { suite: { trained, threads, inWorker, evaluates: () => evaluates } });
