/** A thread of the host, as much of it as a pool needs. */
export interface Thread {
  /** Sends the first and only message. */
  post(message: unknown): void;
  /** Says when it is up, and when it ended and why. */
  listen(up: () => void, ended: (reason: string) => void): void;
  /** No longer keeps the process alive. */
  release(): void;
  /** Ends it, wherever it stands. */
  stop(): void;
}

interface NodeWorker {
  on(event: string, listener: (value: unknown) => void): void;
  postMessage(message: unknown): void;
  unref(): void;
  terminate(): unknown;
}

interface NodeProcess {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly versions?: { readonly node?: string };
  getBuiltinModule?(name: "node:worker_threads"): { readonly Worker: new (url: URL, options: object) => NodeWorker };
}

const host = globalThis as { readonly process?: NodeProcess; readonly crossOriginIsolated?: boolean };

/** Why workers cannot share memory here, or nothing. */
export function obstacle(): string | undefined {
  if (typeof SharedArrayBuffer === "undefined" || host.crossOriginIsolated === false)
    return (
      "no SharedArrayBuffer here; a page has it when it is cross-origin isolated, that is, served with " +
      "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp"
    );
  if (host.process?.versions?.node !== undefined && host.process.getBuiltinModule === undefined)
    return "this version of Node cannot load node:worker_threads at once; it takes 20.16, 22.3 or later";
  if (host.process?.getBuiltinModule === undefined && typeof Worker === "undefined") return "no workers here";
  return undefined;
}

/** What GRADTAPE_THREADS says, if anything. */
export const threadsOfEnvironment = (): string | undefined => host.process?.env?.GRADTAPE_THREADS;

const messageOf = (value: unknown): string => (value instanceof Error ? value.message : String((value as { message?: unknown })?.message ?? value));

/** Starts the worker beside this file, or another that speaks like it. */
export function startThread(script?: URL): Thread {
  const node = host.process?.getBuiltinModule?.("node:worker_threads");
  if (node !== undefined) {
    // Without the options of this process, loaders of TypeScript for example: the worker is plain JavaScript and starts sooner.
    const worker = new node.Worker(script ?? new URL("./worker.js", import.meta.url), { execArgv: [], name: "gradtape" });
    return {
      post: (message) => worker.postMessage(message),
      listen: (up, ended) => {
        worker.on("message", up);
        worker.on("error", (error) => ended(messageOf(error)));
        worker.on("exit", (code) => ended(`it ended with code ${code}`));
      },
      release: () => worker.unref(),
      stop: () => void worker.terminate(),
    };
  }
  const worker =
    script === undefined ? new Worker(new URL("./worker.js", import.meta.url), { type: "module" }) : new Worker(script, { type: "module" });
  return {
    post: (message) => worker.postMessage(message),
    listen: (up, ended) => {
      worker.onmessage = up;
      worker.onerror = (event) => {
        event.preventDefault();
        ended(event.message === undefined || event.message === "" ? `its script could not be loaded` : event.message);
      };
    },
    release: () => {},
    stop: () => worker.terminate(),
  };
}
