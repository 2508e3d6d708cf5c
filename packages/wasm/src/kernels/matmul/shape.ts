import { type Code, f32x4, f64x2, v128 } from "../../assembler/index.ts";

/** How a product is cut into tiles that stay in registers. */
export interface TileShape {
  readonly lanes: "f32x4" | "f64x2";
  /** Rows of a tile; there are smaller ones for what is left. */
  readonly rows: number;
  /** Vectors in a row of a tile. */
  readonly vectors: number;
  /** Whether multiply-adds are fused. */
  readonly fused: boolean;
}

/** What decides about tiles. */
export interface Abilities {
  /** Whether multiply-adds are fused; if not, products need registers of their own. */
  readonly fused: boolean;
  /** Whether pairs of vectors run as one of 256 bits. */
  readonly wide: boolean;
  /** Whether a loop may have fifteen vectors. */
  readonly fifteen: boolean;
}

/** The tile that is fastest on a machine with these abilities. */
export const shapeFor = (lanes: "f32x4" | "f64x2", { fused, wide, fifteen }: Abilities): TileShape => ({
  lanes,
  fused,
  ...(wide ? { rows: 6, vectors: 4 } : !fused ? { rows: 2, vectors: 4 } : fifteen ? { rows: 6, vectors: 2 } : { rows: 4, vectors: 2 }),
});

/** Bytes of a number. */
export const sizeOf = ({ lanes }: TileShape): 4 | 8 => (lanes === "f32x4" ? 4 : 8);

/** Numbers in a vector. */
export const lanesOf = ({ lanes }: TileShape): 2 | 4 => (lanes === "f32x4" ? 4 : 2);

/** Numbers in a row of a tile. */
export const widthOf = (shape: TileShape): number => shape.vectors * lanesOf(shape);

/** `sum + a * b`. */
export function multiplyAdd({ lanes, fused }: TileShape, sum: Code, a: Code, b: Code): Code {
  const ops = lanes === "f32x4" ? f32x4 : f64x2;
  return fused ? ops.relaxedMadd(a, b, sum) : ops.add(sum, ops.mul(a, b));
}

/** Loads a number into every lane. */
export const loadSplat = (shape: TileShape): typeof v128.load => (shape.lanes === "f32x4" ? v128.load32Splat : v128.load64Splat);
