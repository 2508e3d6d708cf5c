import { sizeOf, type TileShape, widthOf } from "./shape.ts";

/** Matrices in the memory: the address of the first, and the bytes between rows, between columns and from one matrix to the next. */
export interface Matrices {
  readonly at: number;
  readonly row: number;
  readonly column: number;
  readonly batch: number;
}

/** The start of a product that begins with 0. */
export const fromZero: Matrices = { at: 0, row: 0, column: 0, batch: 0 };

/** So many products `c[m,n] = start[m,n] + a[m,k] x b[k,n]`. */
export interface Product {
  readonly a: Matrices;
  readonly b: Matrices;
  readonly c: Matrices;
  /** At address 0 where there is none, and then all of its steps are 0. */
  readonly start: Matrices;
  /** Bytes from an element of `c` to the gate that lets it pass, if it is gated. */
  readonly gate: number | undefined;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly batch: number;
}

const turned = ({ at, row, column, batch }: Matrices): Matrices => ({ at, row: column, column: row, batch });

/** The same products seen from the other side: `cᵀ = bᵀ aᵀ`. */
export const swapped = ({ a, b, c, start, gate, m, n, k, batch }: Product): Product => ({
  a: turned(b),
  b: turned(a),
  c: turned(c),
  start: turned(start),
  gate,
  m: n,
  n: m,
  k,
  batch,
});

/** One product instead of many, where all have one right side and the rows of the others go on evenly; else nothing. */
function stacked(product: Product): Product | undefined {
  const { a, b, c, start, m, batch } = product;
  const goesOn = (matrices: Matrices): boolean => m === 1 || matrices.batch === m * matrices.row;
  if (b.batch !== 0 || !goesOn(a) || !goesOn(c) || !goesOn(start)) return undefined;
  const rows = ({ at, row, column, batch: next }: Matrices): Matrices => ({ at, row: m > 1 ? row : next, column, batch: 0 });
  return { ...product, a: rows(a), c: rows(c), start: rows(start), m: m * batch, batch: 1 };
}

/** The same products as fewer ones, where one side is the same for all. */
export function merged(product: Product): Product {
  if (product.batch === 1) return product;
  const rows = stacked(product);
  if (rows !== undefined) return rows;
  const columns = stacked(swapped(product));
  return columns === undefined ? product : swapped(columns);
}

/** Blocks of k and n for which a packed block of b stays in the second cache and a panel of it in the first. */
export const K_BLOCK = 256;
export const N_BLOCK = 512;
/** Bytes of a panel of b that stay in the first cache. */
const PANEL = 50 * 2 ** 10;
/** The most columns for which it pays to leave long rows where they are: with more, each is used so often that packing it is cheaper. */
const LONG_COLUMNS = 48;

/** The size of as few equal parts as there can be, none above a bound. */
export const evenly = (whole: number, most: number): number => Math.ceil(whole / Math.ceil(whole / most));

/** How much of k makes panels that stay in the first cache. */
export const panelDepth = (shape: TileShape, k: number): number => evenly(k, Math.floor(PANEL / (widthOf(shape) * sizeOf(shape))));

/**
 * Whether a product of long rows with few columns, as of the weight of a layer with a batch of inputs, is better made without packing the rows. Not where many columns
 * of a tile would be empty.
 */
export function isLong(shape: TileShape, { a, m, n }: Product): boolean {
  const width = widthOf(shape);
  const full = 8 * Math.ceil(n / width) * width <= 9 * n;
  return shape.fused && a.column === sizeOf(shape) && a.row !== sizeOf(shape) && full && n <= LONG_COLUMNS && m >= n;
}

/** With fewer rows, packing a b whose rows lie in one piece does not pay. */
const PACK_ROWS = 16;

/** Whether b is packed as a whole: its rows do not lie in one piece, or there are many that it meets. */
export const packsB = (shape: TileShape, { b, m }: Product): boolean => b.column !== sizeOf(shape) || m >= PACK_ROWS;

/** About how many cycles a product takes: tiles, packing, and results that lie across. */
export function costOf(shape: TileShape, product: Product): number {
  const { a, b, c, m, n, k } = product;
  const size = sizeOf(shape);
  const columns = Math.ceil(n / widthOf(shape)) * widthOf(shape);
  const tiles = (m * columns * k * (shape.fused ? 1 : 1.2)) / ((shape.vectors > 2 && shape.fused ? 64 : 32) / size);
  const packing = (across: number, along: number): number => (along === size ? 0.3 : across === size ? 0.4 : 2);
  const packB = packsB(shape, product) ? packing(b.row, b.column) : 0;
  const packA = a.row === size && shape.fused ? 0 : packing(a.column, a.row);
  const edges = c.column === size ? m * (n % widthOf(shape)) : m * n * (c.row === size && size === 4 ? 0.3 : 1);
  return tiles + packB * n * k + packA * m * k * Math.ceil(n / N_BLOCK) + 1.5 * edges * Math.ceil(k / K_BLOCK);
}
