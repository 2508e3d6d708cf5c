import { randn, type Tensor } from "@gradtape/core";
import { type GpuOptions, gpu } from "@gradtape/gpu";

const said = async (run: () => unknown): Promise<string> => {
  try {
    await run();
    return "no error";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

/** What every use of a tensor says. */
const uses = async (x: Tensor): Promise<string[]> =>
  await Promise.all([
    said(() => x.mul(2)),
    said(() => x.matmul(x)),
    said(() => x.sum()),
    said(() => x.data()),
    said(() => x.read()),
    said(() => randn([2, 2]).to(x.device)),
  ]);

/** What is said after the browser has taken the context away. */
async function lost(): Promise<string[]> {
  const device = await gpu();
  const x = randn([4, 4]).to(device).add(1);
  device.adapter.gl.getExtension("WEBGL_lose_context")?.loseContext();
  return await uses(x);
}

/** What a read says that was under way when the context was lost. */
async function lostWhileReading(): Promise<string> {
  const device = await gpu();
  const reading = randn([512, 512]).to(device).exp().read();
  device.adapter.gl.getExtension("WEBGL_lose_context")?.loseContext();
  return await said(() => reading);
}

/** What is said after the device was closed. */
async function closed(): Promise<string[]> {
  const device = await gpu();
  const x = randn([4, 4]).to(device).add(1);
  device.close();
  return await uses(x);
}

/** What is said of tensors beyond the largest texture. */
async function large(): Promise<{ readonly limit: number; readonly one: string; readonly result: string }> {
  const device = await gpu();
  const x = randn([2 ** 16, 1]).to(device);
  return {
    limit: device.adapter.limit,
    one: await said(() => device.backend.allocate("float32", 4 * device.adapter.limit ** 2 + 1, "value")),
    result: await said(() => x.mul(x.reshape([1, 2 ** 16]))),
  };
}

/** What opening a device says. */
const opening = (options: GpuOptions): Promise<string> => said(() => gpu(options));

/** The same in a page whose canvases have no WebGL2. */
async function openingWithout(): Promise<string> {
  const { getContext } = OffscreenCanvas.prototype;
  OffscreenCanvas.prototype.getContext = () => null;
  return await said(() => gpu()).finally(() => {
    OffscreenCanvas.prototype.getContext = getContext;
  });
}

/** The same on a GPU that gets one number of its shaders wrong. */
async function openingWith(right: string, wrong: string): Promise<string> {
  const { shaderSource } = WebGL2RenderingContext.prototype;
  WebGL2RenderingContext.prototype.shaderSource = function (shader, source) {
    shaderSource.call(this, shader, source.replaceAll(right, wrong));
  };
  return await said(() => gpu()).finally(() => {
    WebGL2RenderingContext.prototype.shaderSource = shaderSource;
  });
}

Object.assign(globalThis, { suite: { lost, lostWhileReading, closed, large, opening, openingWithout, openingWith } });
