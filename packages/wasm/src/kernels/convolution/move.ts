import { copyKernel } from "@gradtape/core";
import { bytesOf } from "../../memory/heap.ts";
import type { Grid } from "./grid.ts";
import type { Means, Task } from "./task.ts";

/** Copies the elements of one grid to another; by rows where these lie in one piece. */
export function moveElements({ products, elementwise }: Means, dtype: Task["dtype"], source: Grid, target: Grid, sizes: readonly number[]): void {
  const size = bytesOf[dtype];
  const last = sizes.length - 1;
  const count = sizes.reduce((product, n) => product * n, 1);
  if (count === 0) return;
  const rows = ({ at, strides }: Grid): Grid => ({ at, strides: strides.slice(0, last) });
  if (source.strides[last] === size && target.strides[last] === size)
    return products.copy(rows(source), rows(target), sizes.slice(0, last), sizes[last] * size);
  const strides = sizes.map((_, d) => [source.strides[d] / size, target.strides[d] / size]);
  elementwise.run(copyKernel, [dtype, dtype], [source.at, target.at], { size: count, sizes: [...sizes], strides }, 1, []);
}
