import { crossEntropy, type Device, type Generator, randint, randn, type Tensor } from "@gradtape/core";
import * as nn from "@gradtape/nn";
import * as optim from "@gradtape/optim";
import * as tf from "@tensorflow/tfjs-core";
import { pairOf, type Workload } from "./workload.ts";

/** A network of TensorFlow.js. */
interface Network {
  readonly forward: (x: tf.Tensor4D) => tf.Tensor2D;
  readonly variables: tf.Variable[];
}

/** The same network with the same weights, images with channels last. */
function residualNetwork(model: nn.models.ResNet): Network {
  const parameters = new Map([...model.namedParameters()].map(([name, value]) => [name, value]));
  const variables: tf.Variable[] = [];
  const variable = (name: string, order?: readonly number[]): tf.Variable => {
    const parameter = parameters.get(name);
    if (parameter === undefined) throw new Error(`there is no ${name}`);
    const value = order === undefined ? parameter : parameter.detach().permute(order).contiguous();
    const made = tf.variable(tf.tensor(value.data() as Float32Array, [...value.shape]), true);
    variables.push(made);
    return made;
  };
  const convolution = (name: string, stride: number) => {
    const filter = variable(`${name}.weight`, [2, 3, 1, 0]) as unknown as tf.Tensor4D;
    const pad = (filter.shape[0] - 1) / 2;
    return (x: tf.Tensor4D): tf.Tensor4D => tf.conv2d(x, filter, stride, pad, "NHWC", [1, 1], "floor");
  };
  const normalization = (name: string) => {
    const [weight, bias] = [variable(`${name}.weight`), variable(`${name}.bias`)] as unknown as tf.Tensor1D[];
    return (x: tf.Tensor4D): tf.Tensor4D => {
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      return tf.batchNorm4d(x, mean as tf.Tensor1D, variance as tf.Tensor1D, bias, weight, 1e-5);
    };
  };
  const block = (name: string, stride: number) => {
    const [conv1, bn1, conv2, bn2] = [
      convolution(`${name}.conv1`, stride),
      normalization(`${name}.bn1`),
      convolution(`${name}.conv2`, 1),
      normalization(`${name}.bn2`),
    ];
    const fit = parameters.has(`${name}.downsample.0.weight`)
      ? [convolution(`${name}.downsample.0`, stride), normalization(`${name}.downsample.1`)]
      : [];
    return (x: tf.Tensor4D): tf.Tensor4D => {
      const y = bn2(conv2(tf.relu(bn1(conv1(x)))));
      return tf.relu(
        tf.add(
          y,
          fit.reduce((shortcut, layer) => layer(shortcut), x),
        ),
      );
    };
  };
  const layers = [
    convolution("conv1", 1),
    normalization("bn1"),
    (x: tf.Tensor4D): tf.Tensor4D => tf.relu(x),
    block("layer1.0", 1),
    block("layer2.0", 2),
  ];
  const [weight, bias] = [variable("fc.weight", [1, 0]), variable("fc.bias")] as unknown as [tf.Tensor2D, tf.Tensor1D];
  return {
    variables,
    forward: (x) => {
      const features = layers.reduce((y, layer) => layer(y), x);
      return tf.add(tf.matMul(tf.mean(features, [1, 2]) as tf.Tensor2D, weight), bias);
    },
  };
}

/** A training step of a small residual network: a stem, a block, a block that halves the image, means, a linear layer; momentum. */
export function residualStep(device: Device, generator: Generator): Workload {
  const [batch, size, width] = [16, 32, 16];
  const model = new nn.models.ResNet({ blocks: [1, 1], widths: [width, 2 * width], generator });
  const theirs = residualNetwork(model);
  model.to(device);
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });
  const momentum = tf.train.momentum(0.01, 0.9);
  const images = randn([batch, 3, size, size], { generator });
  const labels = randint(0, 10, [batch], { generator });
  const pixels = images.permute([0, 2, 3, 1]).contiguous().data() as Float32Array;
  const classes = Int32Array.from(labels.data());
  let mine: Tensor | undefined;
  let its: tf.Scalar | undefined;
  return {
    name: `training step of a residual network, ${batch} images of ${size} x ${size}`,
    times: 2,
    ours: () => {
      mine?.dispose();
      const [x, y] = [images.to(device), labels.to(device)];
      const loss = crossEntropy(model.forward(x), y);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      x.dispose();
      y.dispose();
      mine = loss;
    },
    finishOurs: () => void (mine as Tensor).item(),
    theirs: () => {
      its?.dispose();
      const [x, y] = tf.tidy(() => [tf.tensor4d(pixels, [batch, size, size, 3]), tf.oneHot(tf.tensor1d(classes, "int32"), 10)]);
      its = momentum.minimize(() => tf.losses.softmaxCrossEntropy(y, theirs.forward(x)) as tf.Scalar, true, theirs.variables) as tf.Scalar;
      x.dispose();
      y.dispose();
    },
    finishTheirs: () => {
      (its as tf.Scalar).dataSync();
    },
    check: () => void pairOf(its as tf.Scalar, mine as Tensor, "residual network"),
  };
}
