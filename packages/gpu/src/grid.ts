/** How a flat buffer lies in an RGBA texture: texel t, in row-major order, holds the elements 4t to 4t + 3. */
export interface Grid {
  readonly width: number;
  readonly height: number;
}

/** The number of texels that hold `length` elements. */
export const texelsOf = (length: number): number => Math.ceil(length / 4);

/** The texture for `length` elements: nearly square, its width a power of two, so that shaders find a texel by shifts and textures are often reused. */
export function gridOf(length: number, limit: number): Grid {
  const texels = texelsOf(length);
  // gpu.js would turn a single row of texels into a column.
  const width = texels <= 2 ? 1 : Math.min(limit, 2 ** Math.ceil(Math.log2(Math.sqrt(texels))));
  const height = Math.ceil(texels / width);
  if (height > limit)
    throw new RangeError(
      `gpu: a tensor of ${length} elements needs a texture of ${width} x ${height}, this GPU allows ${limit} x ${limit} (${4 * limit * limit} elements); split the tensor, or use a smaller batch`,
    );
  return { width, height };
}
