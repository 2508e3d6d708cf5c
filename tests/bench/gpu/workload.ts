import { scope, type Tensor } from "@gradtape/core";
import * as tf from "@tensorflow/tfjs-core";

/** One execution of a workload by each library; `finish` waits for the device. */
export interface Workload {
  readonly name: string;
  /** Executions between two waits. */
  readonly times: number;
  readonly ours: () => void;
  readonly finishOurs: () => void;
  readonly theirs: () => void;
  readonly finishTheirs: () => void;
  /** Compares the results after equally many executions. */
  readonly check: () => void;
}

/** A value of the result, by which the device must have finished. */
export const firstOf = (x: Tensor): number => scope(() => x.reshape([-1]).narrow(0, 0, 1).item());
/** The same of a result of TensorFlow.js. */
export const firstOfTheirs = (x: tf.Tensor): number => tf.tidy(() => tf.slice(tf.reshape(x, [-1]), 0, 1).dataSync()[0]);

/** Compares two results by such a value. */
export const pairOf = (a: tf.Tensor, b: Tensor, what: string, tolerance = 1e-3): void => {
  const [x, y] = [firstOfTheirs(a), firstOf(b)];
  if (!(Math.abs(x - y) <= tolerance * Math.max(1, Math.abs(x)))) throw new Error(`${what}: tfjs has ${x}, Gradtape ${y}`);
};
