import { crossEntropy, data, type nn, noGrad } from "gradtape";
import { flatten } from "./network.ts";

/** A test image that the network took for another digit. */
export interface Mistake {
  /** Position in the test set. */
  readonly index: number;
  readonly label: number;
  readonly guess: number;
  /** Probability that the network gave to its guess. */
  readonly confidence: number;
}

/** How a network does on a test set. */
export interface Evaluation {
  readonly accuracy: number;
  readonly loss: number;
  /** `confusion[label][guess]` counts images. */
  readonly confusion: readonly (readonly number[])[];
  /** The surest first. */
  readonly mistakes: readonly Mistake[];
}

/** Runs the network over a test set, in evaluation mode and without recording. */
export function evaluate(model: nn.Sequential, test: data.ImageDataset, batchSize = 500): Evaluation {
  const confusion = test.classes.map(() => test.classes.map(() => 0));
  const mistakes: Mistake[] = [];
  let loss = 0;
  let index = 0;
  const wasTraining = model.training;
  model.eval();
  noGrad(() => {
    for (const [images, labels] of new data.DataLoader(test, { batchSize })) {
      const logits = model.forward(flatten(images));
      loss += crossEntropy(logits, labels, { reduction: "sum" }).item();
      const guesses = logits.argmax(1).data();
      const sureness = logits.softmax(1).amax(1).data();
      labels.data().forEach((label, k) => {
        confusion[label][guesses[k]]++;
        if (label !== guesses[k]) mistakes.push({ index, label, guess: guesses[k], confidence: sureness[k] });
        index++;
      });
    }
  });
  model.train(wasTraining);
  mistakes.sort((a, b) => b.confidence - a.confidence);
  return { accuracy: (index - mistakes.length) / index, loss: loss / index, confusion, mistakes };
}
