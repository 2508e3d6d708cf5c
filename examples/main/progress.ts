import { Presets, SingleBar } from "cli-progress";
import type { TrainingEvent } from "./training.ts";

/** Shows how a run goes on. */
export interface Progress {
  show(event: TrainingEvent): void;
  stop(): void;
}

/** Smooths a noisy number: a mean in which the last 50 values count most. */
class Smooth {
  #sum = 0;
  #weight = 0;

  add(value: number): number {
    this.#sum = 0.98 * this.#sum + value;
    this.#weight = 0.98 * this.#weight + 1;
    return this.#sum / this.#weight;
  }
}

/** A bar where somebody watches, a line every few seconds where not; both on stderr. `first` is the number of steps that are already done. */
export function makeProgress(steps: number, first: number, options: { readonly bar: boolean }): Progress {
  const start = performance.now();
  const loss = new Smooth();
  const accuracy = new Smooth();
  const numbers = (event: TrainingEvent & { kind: "step" }): Record<string, string> => ({
    loss: loss.add(event.loss).toFixed(4),
    rate: event.rate.toExponential(2),
    accuracy: `${(100 * accuracy.add(event.accuracy)).toFixed(1)} %`,
    left: duration(((performance.now() - start) / (event.step - first)) * (steps - event.step)),
  });
  return options.bar ? showBar(steps, first, numbers) : showLines(steps, numbers);
}

type Numbers = (event: TrainingEvent & { kind: "step" }) => Record<string, string>;

function showBar(steps: number, first: number, numbers: Numbers): Progress {
  const format = " {bar} {value}/{total} · loss {loss} · rate {rate} · accuracy {accuracy} · test {test} · {left} left";
  const bar = new SingleBar({ format, hideCursor: true, barsize: 24, gracefulExit: false }, Presets.shades_classic);
  bar.start(steps, first, { loss: "–", rate: "–", accuracy: "–", test: "–", left: "–" });
  return {
    show(event) {
      if (event.kind === "step") bar.update(event.step, numbers(event));
      else bar.update({ test: `${(100 * event.accuracy).toFixed(1)} %` });
    },
    stop: () => bar.stop(),
  };
}

function showLines(steps: number, numbers: Numbers): Progress {
  let shown = Number.NEGATIVE_INFINITY;
  const width = String(steps).length;
  return {
    show(event) {
      if (event.kind === "evaluation") {
        console.error(`step ${String(event.step).padStart(width)}/${steps}  test accuracy ${(100 * event.accuracy).toFixed(2)} %`);
        return;
      }
      const { loss, rate, accuracy, left } = numbers(event);
      if (performance.now() - shown < 5_000 && event.step < steps) return;
      shown = performance.now();
      console.error(
        `step ${String(event.step).padStart(width)}/${steps}  loss ${loss}  rate ${rate}  accuracy ${accuracy.padStart(7)}  ${left} left`,
      );
    },
    stop() {},
  };
}

/** Milliseconds in words: "1 min 05 s". */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}
