import type { Context } from "./context.ts";
import type { Sheet } from "./pool.ts";

/** What transfers ask of the device. */
interface Watch {
  /** Throws when the context is lost. */
  check(): void;
  readonly counts: { uploads: number; reads: number };
}

/** Raw transfers between textures and arrays: gpu.js' own are several times slower. */
export class Transfers {
  readonly #context: Context;
  readonly #watch: Watch;
  readonly #framebuffer: WebGLFramebuffer;

  constructor(context: Context, watch: Watch) {
    this.#context = context;
    this.#watch = watch;
    this.#framebuffer = context.gl.createFramebuffer();
  }

  /** Writes values from the first element on; what they leave of the texture becomes 0. */
  upload(sheet: Sheet, values: Float32Array): void {
    this.#watch.check();
    const { gl } = this.#context;
    const size = 4 * sheet.width * sheet.height;
    let padded = values;
    if (values.length !== size) {
      padded = new Float32Array(size);
      padded.set(values);
    }
    gl.activeTexture(gl.TEXTURE15);
    gl.bindTexture(gl.TEXTURE_2D, sheet.texture);
    gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 4);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, sheet.width, sheet.height, gl.RGBA, gl.FLOAT, padded);
    this.#watch.counts.uploads++;
  }

  #attach(sheet: Sheet): void {
    this.#watch.check();
    const { gl } = this.#context;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.#framebuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, sheet.texture, 0);
    this.#watch.counts.reads++;
  }

  /** The first `length` elements; waits until the GPU has made them. */
  read(sheet: Sheet, length: number): Float32Array {
    this.#attach(sheet);
    const { gl } = this.#context;
    const values = new Float32Array(4 * sheet.width * sheet.height);
    gl.readPixels(0, 0, sheet.width, sheet.height, gl.RGBA, gl.FLOAT, values);
    this.#watch.check();
    return values.subarray(0, length);
  }

  /** The same without blocking the page: the values as they are now, once the GPU has made them. */
  async readLater(sheet: Sheet, length: number): Promise<Float32Array> {
    if (!this.#context.readsLater) return this.read(sheet, length);
    this.#attach(sheet);
    const { gl } = this.#context;
    const values = new Float32Array(4 * sheet.width * sheet.height);
    const buffer = gl.createBuffer();
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer);
    gl.bufferData(gl.PIXEL_PACK_BUFFER, values.byteLength, gl.STREAM_READ);
    gl.readPixels(0, 0, sheet.width, sheet.height, gl.RGBA, gl.FLOAT, 0);
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
    try {
      for (let polls = 0; ; polls++) {
        this.#watch.check();
        const status = fence === null ? gl.WAIT_FAILED : gl.clientWaitSync(fence, 0, 0);
        if (status === gl.ALREADY_SIGNALED || status === gl.CONDITION_SATISFIED) break;
        if (status === gl.WAIT_FAILED) throw new Error("gpu: waiting for the GPU failed");
        await nextTask(polls);
      }
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer);
      gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, values);
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    } finally {
      gl.deleteSync(fence);
      gl.deleteBuffer(buffer);
    }
    this.#watch.check();
    return values.subarray(0, length);
  }
}

/** A later turn of the event loop: the next one at first, without the delay that nested timeouts get, then after a pause, so that waiting costs nothing. */
const nextTask = (polls: number): Promise<void> =>
  new Promise((resolve) => {
    if (polls >= 16) {
      setTimeout(resolve, 1);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
