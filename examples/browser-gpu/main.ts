// Trains the lesson's network in a page, on the GPU or on the CPU. Build and serve it with
//   node --conditions=@gradtape/source --import=./scripts/typescript.mjs examples/browser-gpu/serve.ts
import { backendReport, type GpuDevice, gpu } from "@gradtape/gpu";
import { cpu, memoryReport } from "gradtape";
import { Plot } from "./plot.ts";
import { Training } from "./training.ts";

const element = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
};
const show = (id: string, text: string): void => {
  element(id).textContent = text;
};

/** The GPU, or nothing and the reason where there is none. */
async function open(): Promise<GpuDevice | undefined> {
  try {
    return await gpu();
  } catch (error) {
    show("where", error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

const device = await open();
const training = new Training(device ?? cpu);
const plot = new Plot(element("plot"));
let wanted = training.device;

const press = (): void => {
  element("gpu").setAttribute("aria-pressed", String(wanted === device));
  element("cpu").setAttribute("aria-pressed", String(wanted === cpu));
};
element("gpu").addEventListener("click", () => {
  wanted = device ?? cpu;
  press();
});
element("cpu").addEventListener("click", () => {
  wanted = cpu;
  press();
});
press();

/** The page may repaint. */
const frame = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** Milliseconds of a step on each device, averaged over the last ten. */
const times = { gpu: 0, cpu: 0 };
let painted = performance.now();
for (;;) {
  if (wanted !== training.device) training.move(wanted);
  const { step, loss, milliseconds } = await training.step();
  const where = training.device === cpu ? "cpu" : "gpu";
  times[where] = times[where] === 0 ? milliseconds : times[where] + (milliseconds - times[where]) * 0.1;
  plot.add(step, loss, where);
  if (step % 100 === 0) show("accuracy", `${(100 * (await training.accuracy())).toFixed(1)} %`);
  if (performance.now() - painted > 50) {
    plot.draw();
    show("step", String(step));
    show("loss", loss.toFixed(3));
    show(`${where}Time`, `${times[where].toFixed(1)} ms`);
    if (device !== undefined) {
      const { renderer, launches, compiled } = backendReport(device);
      const { blocks, mirrored } = memoryReport(device);
      show("where", `${renderer}: ${compiled} kernels, ${launches} launches, ${blocks + mirrored} textures in use`);
    }
    await frame();
    painted = performance.now();
  }
}
