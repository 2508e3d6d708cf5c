// `pnpm bench` measures the CPU, `pnpm bench gpu` the GPU device in a browser.
if (process.argv[2] === "gpu") {
  process.argv.splice(2, 1);
  await import("./gpu/main.ts");
} else await import("./cpu.ts");
