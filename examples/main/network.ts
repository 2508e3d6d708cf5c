import { type Generator, nn, type Tensor } from "gradtape";

/** The lesson's network: 784-256-128-10 with ReLU. */
export function makeNetwork(generator: Generator): nn.Sequential {
  return new nn.Sequential(
    new nn.Linear(784, 256, { generator }),
    new nn.ReLU(),
    new nn.Linear(256, 128, { generator }),
    new nn.ReLU(),
    new nn.Linear(128, 10, { generator }),
  );
}

/** Images `[B,1,28,28]` as rows `[B,784]`. */
export const flatten = (images: Tensor): Tensor => images.reshape([images.shape[0], images.size / images.shape[0]]);
