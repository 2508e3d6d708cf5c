const WIDTH = 720;
const HEIGHT = 300;
const [LEFT, RIGHT, TOP, BOTTOM] = [44, 8, 8, 28];

/** A point of the curve, and on which kind of device it was computed. */
interface Point {
  readonly step: number;
  readonly loss: number;
  readonly device: string;
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
      ...[0, 0.5, 1].map((part) => {
        const anchor = part === 0 ? "start" : part === 1 ? "end" : "middle";
        return `<text class="label" x="${x(part * steps)}" y="${HEIGHT - 6}" text-anchor="${anchor}">${part === 1 ? "step " : ""}${Math.round(part * steps)}</text>`;
      }),
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
