import { type Shape, showShape } from "../shape.ts";
import { checkOptions } from "../tape/options.ts";
import { numbersLike, type Tensor } from "../tensor/tensor.ts";

function checkFactor(op: string, x: Tensor, factor: number): void {
  if (!Number.isInteger(factor) || factor < 1) throw new RangeError(`${op}: the factor is an integer of at least 1, got ${factor}`);
  if (x.ndim < 3) throw new RangeError(`${op}: takes an image […,C,H,W], got ${showShape(x.shape)}`);
}

/** Channels to pixels: `[…,C·r²,H,W]` → `[…,C,H·r,W·r]`. Shi et al. 2016, arXiv:1609.05158, section 3.2. */
export function pixelShuffle(x: Tensor, upscaleFactor: number): Tensor {
  checkFactor("pixelShuffle", x, upscaleFactor);
  const r = upscaleFactor;
  const [channels, height, width] = x.shape.slice(-3);
  if (channels % (r * r) !== 0) throw new RangeError(`pixelShuffle: ${channels} channels of ${showShape(x.shape)} are no multiple of ${r}²`);
  const n = x.ndim - 3;
  const lead = x.shape.slice(0, n);
  return x
    .reshape([...lead, channels / (r * r), r, r, height, width])
    .permute([...lead.keys(), n, n + 3, n + 1, n + 4, n + 2])
    .reshape([...lead, channels / (r * r), height * r, width * r]);
}

/** Pixels to channels, the inverse of `pixelShuffle`: `[…,C,H·r,W·r]` → `[…,C·r²,H,W]`. */
export function pixelUnshuffle(x: Tensor, downscaleFactor: number): Tensor {
  checkFactor("pixelUnshuffle", x, downscaleFactor);
  const r = downscaleFactor;
  const [channels, height, width] = x.shape.slice(-3);
  if (height % r !== 0 || width % r !== 0) throw new RangeError(`pixelUnshuffle: the size of ${showShape(x.shape)} is no multiple of ${r}`);
  const n = x.ndim - 3;
  const lead = x.shape.slice(0, n);
  return x
    .reshape([...lead, channels, height / r, r, width / r, r])
    .permute([...lead.keys(), n, n + 2, n + 4, n + 1, n + 3])
    .reshape([...lead, channels * r * r, height / r, width / r]);
}

/** Options of `interpolate`. */
export interface InterpolateOptions {
  /** Sizes of the result: one number for all dimensions behind the channels or one for each. Give this or `scaleFactor`. */
  readonly size?: number | readonly number[] | null;
  /** Factors of the sizes. */
  readonly scaleFactor?: number | readonly number[] | null;
  /** Default "nearest". */
  readonly mode?: "nearest" | "nearest-exact" | "linear" | "bilinear" | "trilinear" | "bicubic" | "area";
  /** Whether corner pixels keep their places, else corners of pixels do. For linear and cubic modes; default false. */
  readonly alignCorners?: boolean | null;
  /** Whether the scale is computed from the sizes again rather than taken as given. Default false. */
  readonly recomputeScaleFactor?: boolean | null;
}

/** One sample of a resized dimension: elements and their weights. */
type Blend = readonly { readonly index: number; readonly weight: number }[];

/** Keys 1981's cubic convolution with A = -0.75, as PyTorch has it. */
function cubic(distance: number): number {
  const a = -0.75;
  const t = Math.abs(distance);
  return t <= 1 ? ((a + 2) * t - (a + 3)) * t * t + 1 : t < 2 ? a * (((t - 5) * t + 8) * t - 4) : 0;
}

/** From a position between elements to elements and weights; positions outside count as the edge. */
const blends: Readonly<Record<"nearest" | "linear" | "cubic", (position: number, n: number) => Blend>> = {
  nearest: (position, n) => [{ index: Math.min(Math.max(Math.floor(position), 0), n - 1), weight: 1 }],
  linear: (position, n) => {
    const low = Math.min(Math.floor(position), n - 1);
    const weight = Math.min(Math.max(position - low, 0), 1);
    return [
      { index: low, weight: 1 - weight },
      { index: Math.min(low + 1, n - 1), weight },
    ];
  },
  cubic: (position, n) =>
    [-1, 0, 1, 2].map((k) => {
      const at = Math.floor(position) + k;
      return { index: Math.min(Math.max(at, 0), n - 1), weight: cubic(position - at) };
    }),
};

/** A dimension sampled anew: a weighted sum of as many selections as the blends have elements. */
function resample(x: Tensor, dim: number, samples: readonly Blend[]): Tensor {
  const shape = x.shape.map((_, d) => (d === dim ? samples.length : 1));
  const parts = samples[0].map((_, k) => {
    const part = x.indexSelect(
      dim,
      samples.map((blend) => blend[k].index),
    );
    if (samples[0].length === 1) return part;
    return part.mul(
      numbersLike(
        x,
        samples.map((blend) => blend[k].weight),
        shape,
      ),
    );
  });
  return parts.reduce((sum, part) => sum.add(part));
}

const families = {
  nearest: "nearest",
  "nearest-exact": "nearest",
  linear: "linear",
  bilinear: "linear",
  trilinear: "linear",
  bicubic: "cubic",
} as const;
const ranks: Readonly<Record<string, number>> = { linear: 1, bilinear: 2, trilinear: 3, bicubic: 2 };

function sizesFor(plane: Shape, { size, scaleFactor }: InterpolateOptions): { sizes: readonly number[]; scales: readonly (number | undefined)[] } {
  const each = (value: number | readonly number[], name: string): readonly number[] => {
    const list = typeof value === "number" ? plane.map(() => value) : value;
    if (list.length !== plane.length || list.some((v) => !(v > 0 && Number.isFinite(v))))
      throw new RangeError(`interpolate: ${name} takes one positive number or ${plane.length} of them, got ${JSON.stringify(value)}`);
    return list;
  };
  const given = [size ?? undefined, scaleFactor ?? undefined];
  if ((given[0] === undefined) === (given[1] === undefined)) throw new TypeError("interpolate: give { size } or { scaleFactor }, one of them");
  if (given[0] !== undefined) return { sizes: each(given[0], "size"), scales: plane.map(() => undefined) };
  const scales = each(given[1] as number | readonly number[], "scaleFactor");
  return { sizes: plane.map((n, d) => Math.floor(n * scales[d])), scales };
}

/** Images `[N,C,…]` of another size, as PyTorch's `F.interpolate`: up to three dimensions behind the channels are sampled anew, one after the other. */
export function interpolate(x: Tensor, options: InterpolateOptions): Tensor {
  checkOptions("interpolate", options, ["size", "scaleFactor", "mode", "alignCorners", "recomputeScaleFactor"]);
  const { mode = "nearest", recomputeScaleFactor } = options;
  const plane = x.shape.slice(2);
  if (plane.length < 1 || plane.length > 3 || plane.includes(0))
    throw new RangeError(`interpolate: takes [N,C] and 1 to 3 sizes behind, got ${showShape(x.shape)}`);
  if (mode !== "area" && families[mode] === undefined)
    throw new TypeError(`interpolate: unknown mode "${String(mode)}"; use ${Object.keys(families).join(", ")} or area`);
  if (ranks[mode] !== undefined && ranks[mode] !== plane.length)
    throw new RangeError(`interpolate: mode "${mode}" takes ${ranks[mode] + 2} dimensions, got ${showShape(x.shape)}`);
  const alignCorners = options.alignCorners === true;
  if (alignCorners && (mode === "area" || families[mode] === "nearest"))
    throw new TypeError(`interpolate: alignCorners is for linear and cubic modes, not for "${mode}"`);
  const { sizes, scales } = sizesFor(plane, options);
  if (sizes.some((n) => n < 1)) throw new RangeError(`interpolate: nothing is left of ${showShape(x.shape)}, sizes ${showShape(sizes)}`);
  if (mode === "area") return areaPool(x, sizes);
  const family = families[mode];
  return plane.reduce((y, n, d) => {
    const length = sizes[d];
    const given = scales[d];
    const ratio = given === undefined || recomputeScaleFactor === true ? n / length : 1 / given;
    const step = alignCorners ? (length > 1 ? (n - 1) / (length - 1) : 0) : ratio;
    const centred = family !== "nearest" || mode === "nearest-exact";
    const position = (i: number): number => {
      if (alignCorners) return i * step;
      const at = centred ? (i + 0.5) * step - (family === "nearest" ? 0 : 0.5) : i * step;
      return family === "linear" ? Math.max(0, at) : at;
    };
    return resample(
      y,
      d + 2,
      Array.from({ length }, (_, i) => blends[family](position(i), n)),
    );
  }, x);
}

function areaPool(x: Tensor, outputSize: readonly number[]): Tensor {
  if (outputSize.length === 1) return x.adaptiveAvgPool1d({ outputSize });
  if (outputSize.length === 2) return x.adaptiveAvgPool2d({ outputSize });
  const [depth, ...rest] = outputSize;
  const [n, c, d, h, w] = x.shape;
  const flat = x.reshape([n, c * d, h, w]).adaptiveAvgPool2d({ outputSize: rest });
  const deep = flat.reshape([n, c, d, rest[0] * rest[1]]).transpose(2, 3);
  return deep
    .adaptiveAvgPool1d({ outputSize: depth })
    .transpose(2, 3)
    .reshape([n, c, depth, ...rest]);
}
