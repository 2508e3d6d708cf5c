import type { Generator } from "@gradtape/core";
import { Ink, side } from "./ink.ts";
import { type Skeleton, skeletons } from "./skeletons.ts";

const pieces = 5; // straight pieces per span between two knots
const grid = 4; // elastic field: grid x grid displacements over the unit square
const height = 20; // pixels of an unscaled digit

/**
 * Draws handwritten digits of 28 x 28 grey bytes. Uses only + - * / and sqrt on doubles, so equal random numbers give equal bytes on every machine.
 *
 * Per sample: a skeleton, jitter of its knots, a smooth elastic warp, an affine map (rotation, shear, scale, shift), pen width and pressure, blur, paper and noise.
 */
export class Handwriting {
  readonly #ink = new Ink();
  readonly #elastic = new Float64Array(2 * grid * grid);
  readonly #knots = new Float64Array(2 * 32);
  readonly #pressure = new Float64Array(32);

  /** Writes `digit` (0..9), drawn with the numbers of `random`, to `out[offset .. offset + 784)`, ink 255, paper 0. */
  draw(digit: number, random: Generator, out: Uint8Array, offset = 0): void {
    const ink = this.#ink;
    const skeleton = choose(skeletons[digit], random.random());
    ink.clear();
    for (let k = 0; k < this.#elastic.length; k++) this.#elastic[k] = 0.05 * bell(random);

    const half = 0.08 * bell(random); // tangent of half the rotation, so that sine and cosine are rational
    const cos = (1 - half * half) / (1 + half * half);
    const sin = (2 * half) / (1 + half * half);
    const shear = 0.12 + 0.18 * bell(random);
    const size = height * (0.98 + 0.08 * bell(random));
    const wide = size * (0.9 + 0.12 * bell(random));
    const shiftX = (side - 1) / 2 + 1.1 * bell(random);
    const shiftY = (side - 1) / 2 + 1.1 * bell(random);
    const width = 0.75 + 0.85 * random.random();
    const soft = 0.6 + 0.35 * random.random();
    const jitter = 0.014 + 0.02 * random.random();

    const knots = this.#knots;
    const pressure = this.#pressure;
    for (const stroke of skeleton.strokes) {
      const count = stroke.corner.length;
      for (let k = 0; k < count; k++) {
        this.#warp(stroke.knots[2 * k] + jitter * bell(random), stroke.knots[2 * k + 1] + jitter * bell(random), 2 * k);
        const x = (knots[2 * k] - 0.5 - shear * (knots[2 * k + 1] - 0.5)) * wide;
        const y = (knots[2 * k + 1] - 0.5) * size;
        knots[2 * k] = cos * x - sin * y + shiftX;
        knots[2 * k + 1] = sin * x + cos * y + shiftY;
        pressure[k] = Math.max(0.45, width * (1 + 0.13 * bell(random)));
      }
      pressure[count - 1] *= 0.85; // the pen lifts
      this.#trace(count, stroke.corner, soft);
    }
    ink.blur(0.7 * random.random());
    this.#develop(random, out, offset);
  }

  /** Moves (x, y) by the elastic field, smoothly interpolated between its grid points, into knots[at, at + 1]. */
  #warp(x: number, y: number, at: number): void {
    const field = this.#elastic;
    const gx = Math.min(Math.max(x, 0), 0.9999) * (grid - 1);
    const gy = Math.min(Math.max(y, 0), 0.9999) * (grid - 1);
    const column = Math.floor(gx);
    const row = Math.floor(gy);
    const u = (gx - column) * (gx - column) * (3 - 2 * (gx - column));
    const v = (gy - row) * (gy - row) * (3 - 2 * (gy - row));
    for (let axis = 0; axis < 2; axis++) {
      const corner = axis * grid * grid + row * grid + column;
      const above = field[corner] + u * (field[corner + 1] - field[corner]);
      const below = field[corner + grid] + u * (field[corner + grid + 1] - field[corner + grid]);
      this.#knots[at + axis] = (axis === 0 ? x : y) + above + v * (below - above);
    }
  }

  /** Inks the cubic Béziers through the knots whose tangents are Catmull-Rom's, zero at corners and ends (Catmull & Rom 1974). */
  #trace(count: number, corner: Uint8Array, soft: number): void {
    const p = this.#knots;
    const r = this.#pressure;
    for (let k = 0; k + 1 < count; k++) {
      const a = 2 * k;
      const free0 = k === 0 || corner[k] === 1 ? 0 : 0.5;
      const free1 = k + 2 === count || corner[k + 1] === 1 ? 0 : 0.5;
      const m0x = free0 === 0 ? 0 : free0 * (p[a + 2] - p[a - 2]);
      const m0y = free0 === 0 ? 0 : free0 * (p[a + 3] - p[a - 1]);
      const m1x = free1 === 0 ? 0 : free1 * (p[a + 4] - p[a]);
      const m1y = free1 === 0 ? 0 : free1 * (p[a + 5] - p[a + 1]);
      let x = p[a];
      let y = p[a + 1];
      let radius = r[k];
      for (let piece = 1; piece <= pieces; piece++) {
        const t = piece / pieces;
        const s = 1 - t;
        const b0 = s * s * (1 + 2 * t);
        const b1 = t * t * (1 + 2 * s);
        const c0 = t * s * s;
        const c1 = -t * t * s;
        const nextX = b0 * p[a] + c0 * m0x + b1 * p[a + 2] + c1 * m1x;
        const nextY = b0 * p[a + 1] + c0 * m0y + b1 * p[a + 3] + c1 * m1y;
        const nextRadius = s * r[k] + t * r[k + 1];
        this.#ink.line(x, y, radius, nextX, nextY, nextRadius, soft);
        x = nextX;
        y = nextY;
        radius = nextRadius;
      }
    }
  }

  /** Turns coverage into bytes: ink darkness, a paper that is seldom quite white, and grain (a xorshift stream, Marsaglia 2003). */
  #develop(random: Generator, out: Uint8Array, offset: number): void {
    const { level } = this.#ink;
    const darkness = 255 * (0.82 + 0.18 * random.random());
    const paper = Math.max(0, 26 * (random.random() - 0.6));
    const grain = (4 + 22 * random.random() * random.random()) / 0x100000000;
    let state = 1 + random.integer(0x7ffffffe);
    for (let k = 0; k < level.length; k++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      const value = paper + (darkness - paper) * level[k] + grain * state * (0.4 + level[k]);
      out[offset + k] = value <= 0 ? 0 : value >= 255 ? 255 : Math.floor(value + 0.5);
    }
  }
}

/** A bell-shaped number of mean 0 and variance 1 within ±3: the sum of three uniforms (Irwin-Hall), exact where Box-Muller's log and cos are not. */
function bell(random: Generator): number {
  return 2 * (random.random() + random.random() + random.random()) - 3;
}

function choose(variants: readonly Skeleton[], at: number): Skeleton {
  let left = at * variants.reduce((sum, { weight }) => sum + weight, 0);
  return variants.find(({ weight }) => (left -= weight) < 0) ?? variants[variants.length - 1];
}
