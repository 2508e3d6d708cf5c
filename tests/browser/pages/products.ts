import { type Device, empty, Generator, randn, type Tensor } from "@gradtape/core";
import { type Comparison, compare } from "./comparison.ts";
import { open } from "./opened.ts";

const drawn = (device: Device, shape: readonly number[], seed = 3): Tensor => randn(shape, { generator: new Generator(seed) }).to(device);

/** Products of every size from 1 to 70, operands lying in every way, batches, and sizes for every kind of kernel. */
export async function products(): Promise<Comparison[]> {
  const device = await open();
  type Lie = "plain" | "transposed" | "window" | "flipped";
  const lies: readonly Lie[] = ["plain", "transposed", "window", "flipped"];
  const matrix = (d: Device, batch: readonly number[], rows: number, columns: number, lie: Lie, seed: number): Tensor => {
    const make = (r: number, c: number): Tensor => drawn(d, [...batch, r, c], seed);
    if (lie === "transposed") return make(columns, rows).transpose(-2, -1);
    if (lie === "window")
      return make(rows + 3, columns + 5)
        .narrow(-2, 2, rows)
        .narrow(-1, 3, columns);
    return lie === "flipped" ? make(rows, columns).flip([batch.length, batch.length + 1]) : make(rows, columns);
  };
  const product = (batch: readonly number[], m: number, k: number, n: number, left: Lie, right: Lie): Comparison =>
    compare(
      device,
      `[${batch}] ${m}x${k} ${left} by ${k}x${n} ${right}`,
      (d) => matrix(d, batch, m, k, left, 1).matmul(matrix(d, batch, k, n, right, 2)),
      { ulps: 8 + 3 * Math.sqrt(k), scale: Math.sqrt(k) },
    );
  const results: Comparison[] = [];
  for (let size = 1; size <= 70; size++)
    results.push(product([], size, ((size * 37) % 71) + 1, ((size * 23) % 71) + 1, lies[size % 4], lies[(size >> 2) % 4]));
  for (const left of lies)
    for (const right of lies) {
      results.push(product([], 64, 128, 64, left, right), product([], 97, 66, 131, left, right), product([2, 3], 8, 12, 16, left, right));
      results.push(product([3], 36, 64, 72, left, right));
    }
  for (const [m, k, n] of [
    [256, 128, 256],
    [128, 4096, 16],
    [10, 4096, 30],
    [1, 784, 128],
    [32, 784, 1],
    [5, 0, 3],
    [300, 72, 260],
  ])
    results.push(product([], m, k, n, "plain", "plain"), product([], m, k, n, "transposed", "transposed"));
  results.push(
    compare(
      device,
      "one operand spread over the batch",
      (d) =>
        drawn(d, [5, 7])
          .expand([4, 5, 7])
          .matmul(drawn(d, [4, 7, 6], 6)),
      { ulps: 16, scale: 3 },
    ),
  );
  for (const [m, k, n] of [
    [5, 7, 3],
    [64, 64, 68],
    [33, 0, 4],
    [200, 300, 128],
  ])
    for (const start of ["row", "column", "own", "output", "gated", "rectified"] as const)
      results.push(
        compare(
          device,
          `${m}x${k} by ${k}x${n}, beginning with ${start}`,
          (d) => {
            const output = empty([2, m, n], { device: d });
            const whole = drawn(d, [2, m, n], 5);
            const from = start === "row" ? drawn(d, [n], 4).expand([2, m, n]) : start === "column" ? drawn(d, [m, 1], 4).expand([2, m, n]) : whole;
            const result = start === "output" ? whole : output;
            const gate = start === "gated" ? drawn(d, [2, n, m], 6).transpose(1, 2) : start === "rectified" ? result : undefined;
            d.backend.matmul(drawn(d, [2, m, k], 1), drawn(d, [2, k, n], 2), result, from, gate);
            return result;
          },
          { ulps: 8 + 3 * Math.sqrt(k), scale: Math.sqrt(Math.max(1, k)) },
        ),
      );
  return results;
}
