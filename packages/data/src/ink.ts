/** Side of a drawn image in pixels. */
export const side = 28;

/** A pixel buffer that a round pen draws on: `level[row * 28 + column]` in [0, 1] is the coverage, antialiased by the distance to the stroke. */
export class Ink {
  readonly level: Float64Array = new Float64Array(side * side);
  readonly #blurred = new Float64Array(side * side);

  /** Wipes the page. */
  clear(): void {
    this.level.fill(0);
  }

  /** Draws a straight piece of stroke from (x0, y0) to (x1, y1), pixels, whose radius goes from r0 to r1; the edge is `soft` pixels wide on both sides. */
  line(x0: number, y0: number, r0: number, x1: number, y1: number, r1: number, soft: number): void {
    const { level } = this;
    const reach = Math.max(r0, r1) + soft;
    const left = Math.max(0, Math.ceil(Math.min(x0, x1) - reach));
    const right = Math.min(side - 1, Math.floor(Math.max(x0, x1) + reach));
    const top = Math.max(0, Math.ceil(Math.min(y0, y1) - reach));
    const bottom = Math.min(side - 1, Math.floor(Math.max(y0, y1) + reach));
    const dx = x1 - x0;
    const dy = y1 - y0;
    const inverse = 1 / (dx * dx + dy * dy + 1e-12);
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        let along = ((x - x0) * dx + (y - y0) * dy) * inverse;
        along = along < 0 ? 0 : Math.min(along, 1);
        const ex = x - x0 - along * dx;
        const ey = y - y0 - along * dy;
        const inside = r0 + along * (r1 - r0) + soft - Math.sqrt(ex * ex + ey * ey);
        if (inside <= 0) continue;
        const edge = inside >= 2 * soft ? 1 : inside / (2 * soft);
        const coverage = edge * edge * (3 - 2 * edge);
        const at = y * side + x;
        if (coverage > level[at]) level[at] = coverage;
      }
    }
  }

  /** Mixes in the 3 x 3 binomial blur with weight `amount` in [0, 1]; the outermost ring of pixels stays. */
  blur(amount: number): void {
    const { level } = this;
    const out = this.#blurred;
    out.set(level);
    for (let y = 1; y < side - 1; y++) {
      for (let x = 1; x < side - 1; x++) {
        const at = y * side + x;
        const corners = level[at - side - 1] + level[at - side + 1] + level[at + side - 1] + level[at + side + 1];
        const edges = level[at - side] + level[at - 1] + level[at + 1] + level[at + side];
        out[at] = level[at] + amount * ((corners + 2 * edges + 4 * level[at]) / 16 - level[at]);
      }
    }
    level.set(out);
  }
}
