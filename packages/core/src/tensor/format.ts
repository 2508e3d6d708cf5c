import { broadcastView, hostData, type View } from "../backend/view.ts";
import { sizeOf } from "../shape.ts";

/** From this many elements on, only the three first and last of each dimension are printed. */
const SUMMARY_FROM = 1001;
const EDGE = 3;
const PRECISION = 8;

interface Printable extends View {
  readonly requiresGrad: boolean;
}

/** Indices to print along a dimension; -1 stands for the gap. */
function shown(n: number, summarise: boolean): number[] {
  const all = Array.from({ length: n }, (_, i) => i);
  return summarise && n > 2 * EDGE ? [...all.slice(0, EDGE), -1, ...all.slice(-EDGE)] : all;
}

/** Shortest decimal that keeps float32 or eight digits after the point, as NumPy prints it. */
function shortest(value: number, float32: boolean): string {
  if (!float32) return `${Number(value.toFixed(PRECISION))}`;
  for (let digits = 1; digits <= 9; digits++) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === value) return `${Number(text.toFixed(PRECISION))}`;
  }
  return `${value}`;
}

function floatFormatter(values: readonly number[], float32: boolean): (value: number) => string {
  const finite = values.filter(Number.isFinite);
  const sizes = finite.filter((v) => v !== 0).map(Math.abs);
  const largest = Math.max(0, ...sizes);
  const smallest = Math.min(Infinity, ...sizes);
  const special = (v: number): string => (Number.isNaN(v) ? "nan" : v > 0 ? "inf" : "-inf");
  if (largest >= 1e16 || smallest < 1e-4 || (largest / smallest > 1e3 && sizes.some((v) => v >= 1e8))) {
    const digits = Math.max(
      0,
      ...finite.map(
        (v) =>
          (
            Number(v.toExponential(float32 ? 7 : PRECISION))
              .toExponential()
              .split("e")[0]
              .split(".")[1] ?? ""
          ).length,
      ),
    );
    return (v) =>
      Number.isFinite(v)
        ? v
            .toExponential(Math.min(digits, PRECISION))
            .replace(/^(-?\d)e/, "$1.e")
            .replace(/e([+-])(\d)$/, "e$10$2")
        : special(v);
  }
  const decimals = Math.max(0, ...finite.map((v) => (shortest(v, float32).split(".")[1] ?? "").length));
  return (v) =>
    Number.isFinite(v)
      ? decimals === 0
        ? `${v.toFixed(0)}.`
        : shortest(v, float32).includes(".")
          ? pad(shortest(v, float32), decimals)
          : pad(`${v.toFixed(0)}.`, decimals)
      : special(v);
}

/** Fills the decimals with blanks, so that points stand under points. */
function pad(text: string, decimals: number): string {
  const have = (text.split(".")[1] ?? "").length;
  return text + " ".repeat(decimals - have);
}

/** The tensor as NumPy would print it: aligned columns, nested brackets, a summary of large ones. */
export function formatTensor(tensor: Printable): string {
  const marks = [tensor.dtype === "float32" ? "" : `dtype=${tensor.dtype}`, tensor.requiresGrad ? "requiresGrad=true" : ""].filter(Boolean);
  const close = marks.length > 0 ? `, ${marks.join(", ")})` : ")";
  if (tensor.storage.data === undefined) return `tensor(on ${tensor.storage.device.name}, shape [${tensor.shape.join(", ")}]${close}`;
  if (sizeOf(tensor.shape) === 0) return `tensor([], shape=[${tensor.shape.join(", ")}]${close}`;
  const data = hostData(broadcastView(tensor, tensor.shape));
  const summarise = sizeOf(tensor.shape) >= SUMMARY_FROM;
  const indices = tensor.shape.map((n) => shown(n, summarise));
  const values: number[] = [];
  const collect = (d: number, at: number): void => {
    if (d === tensor.shape.length) values.push(data[at]);
    else for (const i of indices[d]) if (i >= 0) collect(d + 1, at + i * tensor.strides[d]);
  };
  collect(0, tensor.offset);
  const print =
    tensor.dtype === "bool"
      ? (v: number) => (v ? "true" : "false")
      : tensor.dtype === "int32"
        ? String
        : floatFormatter(values, tensor.dtype === "float32");
  const texts = values.map(print);
  const width = Math.max(...texts.map((text) => text.length));
  let next = 0;
  const nest = (d: number): string => {
    if (d === tensor.shape.length) return texts[next++].padStart(tensor.shape.length > 0 ? width : 0);
    const parts = indices[d].map((i) => (i < 0 ? "..." : nest(d + 1)));
    const last = d === tensor.shape.length - 1;
    return `[${last ? parts.join(", ") : parts.join(`,${"\n".repeat(tensor.shape.length - 1 - d)}${" ".repeat("tensor(".length + d + 1)}`)}]`;
  };
  return `tensor(${tensor.shape.length === 0 ? nest(0).trim() : nest(0)}${close}`;
}
