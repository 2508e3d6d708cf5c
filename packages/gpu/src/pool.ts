import type { Texture } from "./gpujs.ts";
import type { Grid } from "./grid.ts";

/** A texture of ours, with the two faces that kernels may see: vectors of four elements, or single elements. */
export interface Sheet extends Grid {
  readonly texture: WebGLTexture;
  /** As gpu.js takes it, made when first needed. */
  vectors: Texture | undefined;
  scalars: Texture | undefined;
  /** Formulas that wait to read it. */
  awaited: number;
  /** Whether nobody else needs it. */
  released: boolean;
}

/** Bytes that the pool keeps in unused textures before it deletes them. */
const SPARE_LIMIT = 256 * 2 ** 20;

/** Textures for reuse, by size: making one costs more than a small kernel. */
export class Pool {
  readonly #gl: WebGL2RenderingContext;
  readonly #spare = new Map<string, Sheet[]>();
  #spareBytes = 0;
  /** Textures that exist, in use or spare. */
  made = 0;
  /** Textures in use. */
  used = 0;
  /** Bytes of textures in use. */
  usedBytes = 0;

  constructor(gl: WebGL2RenderingContext) {
    this.#gl = gl;
  }

  /** Bytes of unused textures. */
  get spareBytes(): number {
    return this.#spareBytes;
  }

  /** A texture of this size; its contents are undefined. */
  acquire({ width, height }: Grid): Sheet {
    this.used++;
    this.usedBytes += 16 * width * height;
    const spare = this.#spare.get(`${width}x${height}`)?.pop();
    if (spare !== undefined) {
      this.#spareBytes -= 16 * width * height;
      spare.released = false;
      return spare;
    }
    const gl = this.#gl;
    const texture = gl.createTexture();
    if (texture === null) throw new Error("gpu: the browser made no texture; the context may be lost, make a new device with await gpu()");
    gl.activeTexture(gl.TEXTURE15);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA32F, width, height);
    this.made++;
    if (width * height >= 2 ** 18 && gl.getError() === gl.OUT_OF_MEMORY)
      throw new Error(`gpu: out of memory for a texture of ${width} x ${height}; ${this.used} textures of ${this.usedBytes} bytes are in use`);
    return { width, height, texture, vectors: undefined, scalars: undefined, awaited: 0, released: false };
  }

  /** Takes a texture back that nobody reads any more. */
  release(sheet: Sheet): void {
    const bytes = 16 * sheet.width * sheet.height;
    this.used--;
    this.usedBytes -= bytes;
    sheet.released = true;
    if (sheet.awaited === 0) this.#recycle(sheet, bytes);
  }

  /** Keeps textures as they are for a formula that waits; its result counts as a texture in use. */
  hold(sheets: readonly Sheet[]): void {
    const [{ width, height }] = sheets;
    for (const sheet of sheets) sheet.awaited++;
    this.used++;
    this.usedBytes += 16 * width * height;
  }

  /** The formula no longer waits. */
  settle(sheets: readonly Sheet[]): void {
    const [{ width, height }] = sheets;
    this.used--;
    this.usedBytes -= 16 * width * height;
    for (const sheet of sheets) if (--sheet.awaited === 0 && sheet.released) this.#recycle(sheet, 16 * width * height);
  }

  #recycle(sheet: Sheet, bytes: number): void {
    if (this.#spareBytes + bytes > SPARE_LIMIT) {
      this.#gl.deleteTexture(sheet.texture);
      this.made--;
      return;
    }
    this.#spareBytes += bytes;
    const key = `${sheet.width}x${sheet.height}`;
    const list = this.#spare.get(key);
    if (list === undefined) this.#spare.set(key, [sheet]);
    else list.push(sheet);
  }
}
