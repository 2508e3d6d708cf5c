import { copyKernel, sizeOf, type View } from "@gradtape/core";
import type { Engine } from "./engine.ts";
import { map } from "./map.ts";
import { dense, type Operand, operandKey, operandOf, range, type Sizes } from "./operand.ts";
import { pad } from "./pad.ts";
import { reduce } from "./reduce.ts";
import { type GpuStorage, wholeTexels } from "./storage.ts";
import { dotSource, mergeSource, tileSource } from "./tile.ts";

/** Products from which the tiles pay for their second launch. */
const TILED_WORK = 2 ** 18;
/** Products from which operands are copied to lie in whole texels. */
const PADDED_WORK = 2 ** 16;

/** `[…,m,k] x […,k,n]` into a dense storage. */
export function matmul(engine: Engine, a: View, b: View, output: GpuStorage): void {
  const d = a.shape.length;
  const sizes: Sizes = { batch: sizeOf(a.shape.slice(0, -2)), m: a.shape[d - 2], k: a.shape[d - 1], n: b.shape[d - 1] };
  const { batch, m, k, n } = sizes;
  if (batch * m * n === 0) return;
  const shape = [...a.shape.slice(0, -2), m, n];
  if (splitInner(engine, a, b, sizes, output)) return;
  const left = operandOf(a, m, k, d - 2, d - 1);
  const right = operandOf(b, n, k, d - 1, d - 2);
  const work = batch * m * k * n;
  const needsPad = left.grain === "none" || right.grain === "none" || n % 4 !== 0;
  if (needsPad && work >= PADDED_WORK) {
    padded(engine, a, b, sizes, shape, output, left, right);
    return;
  }
  if (needsPad) {
    const key = `${batch},${m},${k},${n};${operandKey(left)};${operandKey(right)}`;
    engine.run("matmul", `dots;${key}`, () => dotSource(engine, left, right, sizes), [a, b], [], [output]);
    return;
  }
  product(engine, left, right, sizes, output);
}

/** Sums many products of few results in portions, so that enough threads are at work. */
function splitInner(engine: Engine, a: View, b: View, { batch, m, k, n }: Sizes, output: GpuStorage): boolean {
  if ((batch * m * n) / 16 > 512 || k < 2048) return false;
  const parts = [64, 32, 16, 8, 4].find((p) => k % (4 * p) === 0 && k / p >= 128);
  if (parts === undefined) return false;
  const cut = (view: View, dim: number): View => {
    const lead = view.shape.length - 2;
    const step = view.strides[lead + dim];
    const shape = [...view.shape.slice(0, lead), parts, ...view.shape.slice(lead)];
    shape[lead + 1 + dim] = k / parts;
    return { ...view, shape, strides: [...view.strides.slice(0, lead), (step * k) / parts, ...view.strides.slice(lead)] };
  };
  const part = engine.scratch(output.dtype, batch * parts * m * n);
  matmul(engine, cut(a, 1), cut(b, 0), part);
  reduce(engine, "sum", dense(part, [batch, parts, m * n]), [1], output);
  engine.free(part);
  return true;
}

/** Copies what does not lie in whole texels into memory with zeros at the edges, multiplies, and cuts the edges off. */
function padded(
  engine: Engine,
  a: View,
  b: View,
  { batch, m, k, n }: Sizes,
  shape: readonly number[],
  output: GpuStorage,
  left: Operand,
  right: Operand,
): void {
  const k4 = wholeTexels(k);
  const n4 = wholeTexels(n);
  const lead = shape.slice(0, -2);
  const keepA = left.grain !== "none" && k4 === k;
  const keepB = right.grain !== "none" && k4 === k && n4 === n;
  const pa = keepA ? a : pad(engine, a, { shape: [...lead, m, k4] });
  const pb = keepB ? b : pad(engine, b, { shape: [...lead, k4, n4] });
  const d = shape.length;
  const sizes = { batch, m, k: k4, n: n4 };
  const target = n4 === n ? output : engine.scratch(output.dtype, batch * m * n4);
  product(engine, operandOf(pa, m, k4, d - 2, d - 1), operandOf(pb, n4, k4, d - 1, d - 2), sizes, target);
  if (target !== output) {
    const cut: View = { storage: target, dtype: output.dtype, shape: [batch, m, n], strides: [m * n4, n4, 1], offset: 0 };
    map(engine, copyKernel, [cut], [], [dense(output, [batch, m, n])]);
    engine.free(target);
  }
  if (!keepA) engine.free(pa.storage as GpuStorage);
  if (!keepB) engine.free(pb.storage as GpuStorage);
}

/** The product of operands that lie in whole texels, `n` a multiple of 4. */
function product(engine: Engine, left: Operand, right: Operand, sizes: Sizes, output: GpuStorage): void {
  const { batch, m, k, n } = sizes;
  const key = `${batch},${m},${k},${n};${operandKey(left)};${operandKey(right)}`;
  const { view: a } = left;
  const { view: b } = right;
  const rows = batch * m * k * n < TILED_WORK || m < 4 ? 1 : m >= 32 && engine.adapter.outputLimit >= 8 && batch * m * n >= 2 ** 16 ? 8 : 4;
  if (rows === 1) {
    engine.run("matmul", `rows;${key}`, () => tileSource(engine, left, right, sizes, 1, output.length), [a, b], [], [output]);
    return;
  }
  const tall = Math.ceil(m / rows);
  const parts = range(rows).map(() => engine.scratch(output.dtype, batch * tall * n));
  engine.run("matmul", `tiles${rows};${key}`, () => tileSource(engine, left, right, sizes, rows, parts[0].length), [a, b], [], parts);
  const views = parts.map((part) => dense(part, [part.length]));
  engine.run("merge", `${rows};${batch},${m},${n}`, () => mergeSource(engine, rows, m, n, output.length), views, [], [output]);
  for (const part of parts) engine.free(part);
}
