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

/** The tile that pairs of vectors make, where they run as one. All tiles add up in one order, so that their results are the same bits. */
const paired = { rows: 6, vectors: 4 } as const;
const fusedNarrow = { rows: 4, vectors: 2 } as const;
/** Products need registers of their own before they are added; with two rows there are enough. */
const unfusedNarrow = { rows: 2, vectors: 4 } as const;

/** What decides about tiles: whether multiply-adds are fused, and whether pairs of vectors run as one of 256 bits. */
export interface Abilities {
  readonly fused: boolean;
  readonly wide: boolean;
}

/** The tile that is fastest on a machine with these abilities. */
export const shapeFor = (lanes: "f32x4" | "f64x2", { fused, wide }: Abilities): TileShape => ({
  lanes,
  fused,
  ...(wide ? paired : fused ? fusedNarrow : unfusedNarrow),
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
