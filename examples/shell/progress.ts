import { Presets, SingleBar } from "cli-progress";
import { duration } from "../main/progress.ts";

/** Shows how far a program is, on stderr. */
export interface Countdown {
  /** One more part is done, or a larger share of the work; `text` says which. */
  tick(text: string, share?: number): void;
  stop(): void;
}

/** A bar where somebody watches, a line every few seconds where not. `parts` is the sum of all shares. */
export function countdown(parts: number): Countdown {
  const begin = performance.now();
  let [done, shown] = [0, begin];
  const left = (): string => duration(((performance.now() - begin) / Math.max(1, done)) * (parts - done));
  if (process.stderr.isTTY) {
    const bar = new SingleBar({ format: " {bar} {value}/{total} · {text} · {left} left", hideCursor: true, barsize: 24 }, Presets.shades_classic);
    bar.start(parts, 0, { text: "", left: "–" });
    return { tick: (text, share = 1) => bar.update((done += share), { text, left: left() }), stop: () => bar.stop() };
  }
  return {
    tick(text, share = 1) {
      done += share;
      if (performance.now() - shown < 5_000 && done < parts) return;
      shown = performance.now();
      console.error(`${String(done).padStart(String(parts).length)}/${parts}  ${text}  ${left()} left`);
    },
    stop() {},
  };
}
