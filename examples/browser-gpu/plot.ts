const WIDTH = 720;
const HEIGHT = 300;
const [LEFT, RIGHT, TOP, BOTTOM] = [44, 8, 24, 28];

/** A point of the curve, and on which kind of device it was computed. */
interface Point {
  readonly step: number;
  readonly loss: number;
  readonly device: string;
}

/** About five round numbers up to `most`, which leave room at the end. */
function roundSteps(most: number): number[] {
  const rough = most / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const distance = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? rough;
  return Array.from({ length: Math.floor((most * 0.95) / distance) + 1 }, (_, k) => k * distance);
}

/** The curve of the losses as they come, in the colour of the device; the loss has a logarithmic axis. */
export class Plot {
  readonly #points: Point[] = [];
  readonly #svg: Element;

  constructor(svg: Element) {
    this.#svg = svg;
  }

  /** Adds a point; the last twenty losses are averaged. */
  add(step: number, loss: number, device: string): void {
    const last = this.#points.at(-1);
    this.#points.push({ step, loss: last === undefined ? loss : last.loss + (loss - last.loss) * Math.max(0.05, 1 / step), device });
  }

  /** Draws what there is. */
  draw(): void {
    const steps = Math.max(100, this.#points.at(-1)?.step ?? 0);
    const least = Math.min(...this.#points.map(({ loss }) => loss), 1);
    const low = Math.min(0.5, least * 0.8);
    const x = (step: number): number => LEFT + (step / steps) * (WIDTH - LEFT - RIGHT);
    const y = (loss: number): number => TOP + (1 - Math.log(loss / low) / Math.log(3 / low)) * (HEIGHT - TOP - BOTTOM);
    const ticks = [3, 1, 0.3, 0.1, 0.03, 0.01].filter((loss) => loss >= low);
    this.#svg.innerHTML = [
      ...ticks.map((loss) => `<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(loss)}" y2="${y(loss)}"/>`),
      ...ticks.map((loss) => `<text class="label" x="${LEFT - 8}" y="${y(loss) + 4}" text-anchor="end">${loss}</text>`),
      ...roundSteps(steps).map((step) => `<text class="label" x="${x(step)}" y="${HEIGHT - 6}" text-anchor="middle">${step}</text>`),
      `<text class="label" x="${LEFT}" y="${TOP - 12}" text-anchor="end">loss</text>`,
      `<text class="label" x="${WIDTH - RIGHT}" y="${HEIGHT - 6}" text-anchor="end">step</text>`,
      ...this.#runs().map(
        (run) =>
          `<polyline class="curve ${run[run.length - 1].device}" points="${run.map((p) => `${x(p.step).toFixed(1)},${y(p.loss).toFixed(1)}`).join(" ")}"/>`,
      ),
    ].join("");
  }

  /** Neighbouring points of one device; each run begins where the one before ends. */
  #runs(): Point[][] {
    const runs: Point[][] = [];
    for (const point of this.#points) {
      const run = runs.at(-1);
      if (run !== undefined && run[run.length - 1].device === point.device) run.push(point);
      else runs.push(run === undefined ? [point] : [run[run.length - 1], point]);
    }
    return runs;
  }
}
