// Runs train.js in a worker, as the runtime has them.
const script = new URL("./train.js?worker", import.meta.url);
if (typeof Worker === "undefined") {
  const { Worker } = await import("node:worker_threads");
  new Worker(script).on("error", fail);
} else new Worker(script, { type: "module" }).onerror = fail;

function fail(error) {
  console.error(error.message ?? error);
  process.exit(1);
}
