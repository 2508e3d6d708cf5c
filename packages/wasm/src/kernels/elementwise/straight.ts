import { copyKernel, type DType, type Kernel } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import { bytesOf } from "../../memory/heap.ts";
import { type Dimension, Transposes } from "../transpose/transpose.ts";
import type { Walk } from "./walk.ts";

/** Fewer elements are read as they lie. */
const WORTH = 256;

/** Lays inputs that would be read across the direction of a walk straight, a block at a time, so that loops read vectors of them. */
export class Straightener {
  readonly #engine: Engine;
  readonly #transposes: Transposes;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#transposes = new Transposes(engine);
  }

  /** Forgets compiled kernels. */
  reset(): void {
    this.#transposes.reset();
  }

  /** Whether a copy was no more than a transposition, and is done. */
  copied(kernel: Kernel, dtypes: readonly DType[], addresses: readonly number[], walk: Walk): boolean {
    if (kernel !== copyKernel || dtypes[0] !== dtypes[1]) return false;
    const { sizes, strides } = walk;
    const row = rowOf(walk, 0);
    if (row < 0 || strides[sizes.length - 1][1] !== 1) return false;
    this.#transpose(
      dtypes[0],
      addresses[0],
      addresses[1],
      sizes.map((size, d) => ({ size, from: strides[d][0], to: strides[d][1] })),
      row,
    );
    return true;
  }

  /** Runs a loop over copies of the inputs that lie across a walk, and over the others as they are. */
  run(
    dtypes: readonly DType[],
    addresses: readonly number[],
    walk: Walk,
    inputs: number,
    loop: (addresses: readonly number[], walk: Walk) => void,
  ): void {
    const { store } = this.#engine;
    const across = [...addresses.keys()].slice(0, inputs).filter((k) => rowOf(walk, k) >= 0);
    if (across.length === 0) return loop(addresses, walk);
    const places = [...addresses];
    const strides = walk.strides.map((row) => [...row]);
    const borrowed: [at: number, bytes: number][] = [];
    try {
      for (const k of across) {
        const { dimensions, length } = straight(walk, k);
        const bytes = length * bytesOf[dtypes[k]];
        places[k] = store.borrow(bytes);
        borrowed.push([places[k], bytes]);
        this.#transpose(dtypes[k], addresses[k], places[k], dimensions, rowOf(walk, k));
        dimensions.forEach(({ to }, d) => {
          strides[d][k] = to;
        });
      }
      loop(places, { ...walk, strides });
    } finally {
      for (const [at, bytes] of borrowed) store.restore(at, bytes);
    }
  }

  #transpose(dtype: DType, from: number, to: number, dimensions: readonly Dimension[], row: number): void {
    const column = dimensions.length - 1;
    const others = dimensions.filter((dimension, d) => d !== row && d !== column && (dimension.from !== 0 || dimension.to !== 0));
    this.#transposes.copy(dtype, from, to, dimensions[row], dimensions[column], others);
  }
}

/** The dimensions of a view as it lies, and how its straight copy will; where it is stretched the copy is too. */
function straight({ sizes, strides }: Walk, k: number): { readonly dimensions: readonly Dimension[]; readonly length: number } {
  let length = 1;
  const dimensions: Dimension[] = [];
  for (let d = sizes.length - 1; d >= 0; d--) {
    const from = strides[d][k];
    dimensions.unshift({ size: sizes[d], from, to: from === 0 ? 0 : length });
    if (from !== 0) length *= sizes[d];
  }
  return { dimensions, length };
}

/** The dimension along which a view that lies across a walk is in one piece; -1 for other views, and where so few elements are not worth it. */
function rowOf({ size, sizes, strides }: Walk, k: number): number {
  const inner = sizes.length - 1;
  if (size < WORTH || sizes[inner] < 4) return -1;
  const step = strides[inner][k];
  if (step === 1 || step === 0) return -1;
  return strides.findIndex((row, d) => d < inner && row[k] === 1 && sizes[d] >= 4);
}
