// The least program that trains with jax-js: one step of the lesson's network at batch 32, jitted, with Adam written out.
import { defaultDevice, jit, nn, numpy as np, random, valueAndGrad } from "@jax-js/jax";

defaultDevice("wasm");
const sizes = [784, 256, 128, 10];
const keys = random.split(random.key(0), 4);
const shapes = sizes.slice(1).flatMap((out, k) => [[sizes[k], out], [out]]);
const parameters = shapes.map((shape, k) => (shape.length === 1 ? np.zeros(shape) : random.uniform(keys.ref.slice(k >> 1), shape).mul(0.05)));
const x = random.uniform(keys.slice(3), [32, 784]);
const y = nn.oneHot(np.zeros([32], { dtype: np.int32 }), 10);

const lossOf = (p, images, labels) => {
  const h1 = nn.relu(np.matmul(images, p[0]).add(p[1]));
  const h2 = nn.relu(np.matmul(h1, p[2]).add(p[3]));
  return np.sum(nn.logSoftmax(np.matmul(h2, p[4]).add(p[5])).mul(labels)).mul(-1 / 32);
};
const step = jit((p, images, labels) => {
  const [loss, gradients] = valueAndGrad(lossOf)(
    p.map((values) => values.ref),
    images,
    labels,
  );
  const updated = p.map((values, k) => {
    const m = gradients[k].ref.mul(0.1);
    const v = gradients[k].ref.mul(gradients[k]).mul(0.001);
    return [
      values.mul(1 - 3e-6).sub(
        m.ref
          .mul(10)
          .div(np.sqrt(v.ref.mul(1000)).add(1e-8))
          .mul(3e-4),
      ),
      m,
      v,
    ];
  });
  return [loss, updated.flat()];
});
const [loss, updated] = step(parameters, x, y);
await Promise.all(updated.map((values) => values.blockUntilReady()));
console.log((await loss.data())[0]);
