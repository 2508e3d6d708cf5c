import { Tensor } from "@gradtape/core";
import { decodeNumber, decodeValues, dtypeOf, type Float, type RecordedTensor } from "./recording.ts";

/** How far a value may lie from the recorded one: `atol + rtol * |want|`. */
export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

/** The error in units of what is tolerated, at most 1 where it passes: NaN equals NaN, infinities must match. */
export function relativeError(got: number, want: number, { rtol, atol }: Tolerance): number {
  if (Object.is(got, want) || got === want) return 0;
  const error = Math.abs(got - want) / (atol + rtol * Math.abs(want));
  return Number.isNaN(error) || !Number.isFinite(want) ? Number.POSITIVE_INFINITY : error;
}

/** Compares values with a recording, and keeps the worst error and the first few complaints. */
export class Comparison {
  /** The worst error relative to tolerance. */
  worst = 0;
  /** What lies outside tolerance. */
  readonly complaints: string[] = [];

  /** @param float dtype of the floats that are computed; float32 widens every tolerance. */
  constructor(readonly float: Float) {}

  /** A complaint of its own: something absent or of the wrong kind. */
  complain(text: string): void {
    this.worst = Number.POSITIVE_INFINITY;
    this.complaints.push(text);
  }

  /** One number. */
  number(label: string, got: unknown, want: unknown, tolerance: Tolerance): void {
    const value = got instanceof Tensor ? got.item() : got;
    if (typeof value !== "number") this.complain(`${label}: expected ${String(want)}, got ${value === undefined ? "nothing" : String(value)}`);
    else this.#values(label, [value], [decodeNumber(want)], tolerance);
  }

  /** Nested lists of numbers. */
  numbers(label: string, got: unknown, want: unknown, tolerance: Tolerance): void {
    if (!Array.isArray(want)) this.number(label, got, want, tolerance);
    else if (!Array.isArray(got) || got.length !== want.length)
      this.complain(`${label}: expected ${want.length} values, got ${Array.isArray(got) ? got.length : String(got)}`);
    else want.forEach((item, k) => void this.numbers(`${label}[${k}]`, got[k], item, tolerance));
  }

  /** A tensor: shape, kind of dtype and values. A recorded `null` must be absent here too. */
  tensor(label: string, got: unknown, want: RecordedTensor | null, tolerance: Tolerance): void {
    if (want === null) {
      if (got !== null && got !== undefined) this.complain(`${label}: expected nothing, got a value`);
      return;
    }
    const values = decodeValues(want);
    const dtype = dtypeOf(want, this.float);
    const shape = want.shape.join(",");
    if (!(got instanceof Tensor)) this.complain(`${label}: expected a tensor [${shape}], got ${got === undefined ? "nothing" : String(got)}`);
    else if (got.shape.join(",") !== shape) this.complain(`${label}: expected shape [${shape}], got [${got.shape.join(",")}]`);
    else if (got.dtype !== dtype) this.complain(`${label}: expected ${dtype}, got ${got.dtype}`);
    else this.#values(label, got.data(), values, tolerance);
  }

  #values(label: string, got: ArrayLike<number>, want: ArrayLike<number>, given: Tolerance): void {
    const tolerance = this.float === "float32" ? widened(want, given) : given;
    let worst = 0;
    let at = 0;
    for (let i = 0; i < want.length; i++) {
      const error = relativeError(got[i], want[i], tolerance);
      if (error > worst) [worst, at] = [error, i];
    }
    this.worst = Math.max(this.worst, worst);
    if (worst > 1)
      this.complaints.push(
        `${label}${want.length > 1 ? ` element ${at}` : ""}: got ${got[at]}, want ${want[at]} (${worst.toPrecision(3)} x tolerance)`,
      );
  }
}

/** float32 is held to 1e-4 of the largest magnitude. */
function widened(want: ArrayLike<number>, { rtol, atol }: Tolerance): Tolerance {
  let peak = 0;
  for (let i = 0; i < want.length; i++) if (Number.isFinite(want[i])) peak = Math.max(peak, Math.abs(want[i]));
  return { rtol: Math.max(rtol, 1e-4), atol: Math.max(atol, 1e-4 * peak) };
}
