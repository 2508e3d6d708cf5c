import { crossEntropy, Generator, randint, randn } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import * as nn from "../index.ts";

const generator = new Generator(11);
const { models } = nn;
const count = (module: nn.Module): number => module.parameters().reduce((sum, { size }) => sum + size, 0);

test("a multilayer perceptron has the lesson's keys", () => {
  const model = new models.MLP([784, 256, 128, 10], { generator });
  expect(Object.keys(model.stateDict())).toEqual(["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias", "fc3.weight", "fc3.bias"]);
  expect(count(model)).toBe(235_146);
  const x = randn([2, 784], { generator });
  expect(model.forward(x).toArray()).toEqual(
    new nn.Sequential(...model.children().flatMap((layer, k) => [...(k > 0 ? [new nn.ReLU()] : []), layer as nn.Linear])).forward(x).toArray(),
  );
  expect(() => new models.MLP([3])).toThrow("MLP: sizes are those of the input and of one layer at least, got [3]");
});

describe("ResNet", () => {
  test("ResNet-18 and the paper's ResNet-20 have their sizes and torchvision's keys", () => {
    expect(count(models.resnet20({ generator }))).toBe(272_474);
    const model = models.resnet18({ width: 4, generator });
    const keys = Object.keys(model.stateDict());
    expect(keys.slice(0, 7)).toEqual([
      "conv1.weight",
      "bn1.weight",
      "bn1.bias",
      "bn1.running_mean",
      "bn1.running_var",
      "bn1.num_batches_tracked",
      "layer1.0.conv1.weight",
    ]);
    expect(keys).toContain("layer4.0.downsample.1.running_var");
    expect(keys.slice(-2)).toEqual(["fc.weight", "fc.bias"]);
    expect(keys).toHaveLength(122);
  });

  test("each stage but the first halves the image; gradients reach every parameter", () => {
    const model = models.resnet18({ width: 2, generator });
    const shapes: (readonly number[])[] = [];
    const stages = model.namedChildren().filter(([name]) => name.startsWith("layer"));
    for (const [, stage] of stages) stage.registerForwardHook((_, __, y) => void shapes.push((y as { shape: readonly number[] }).shape));
    const logits = model.forward(randn([2, 3, 16, 16], { generator }));
    expect(shapes).toEqual([
      [2, 2, 16, 16],
      [2, 4, 8, 8],
      [2, 8, 4, 4],
      [2, 16, 2, 2],
    ]);
    expect(logits.shape).toEqual([2, 10]);
    crossEntropy(logits, randint(0, 10, [2], { generator })).backward();
    expect(model.parameters().filter(({ grad }) => grad === null)).toEqual([]);
  });

  test("blocks may begin as the identity; bad stages are refused", () => {
    const block = models
      .resnet20({ width: 2, zeroInitResidual: true, generator })
      .eval()
      .namedModules()
      .find(([name]) => name === "layer1.0")?.[1];
    const x = randn([1, 2, 4, 4], { generator }).relu();
    expect(block?.forward(x).toArray()).toEqual(x.toArray());
    expect(() => new models.ResNet({ blocks: [1, 1], widths: [4] })).toThrow("ResNet: blocks [1,1] and widths [4] name each stage's");
    expect(() => models.resnet18({ classes: 3 } as object)).toThrow("ResNet: unknown option classes");
  });
});

describe("GPT", () => {
  const make = (): nn.models.GPT => new models.GPT({ vocabSize: 11, contextLength: 6, width: 8, heads: 2, layers: 2, generator });

  test("no token sees the future", () => {
    const model = make();
    const tokens = randint(0, 11, [2, 6], { generator });
    const logits = model.forward(tokens);
    expect(logits.shape).toEqual([2, 6, 11]);
    const past = model.forward(tokens.narrow(1, 0, 4));
    expect(logits.narrow(1, 0, 4).sub(past).abs().amax().item()).toBeLessThan(1e-6);
    logits.sum().backward();
    expect(model.parameters().filter(({ grad }) => grad === null)).toEqual([]);
  });

  test("keys, initial values and refusals", () => {
    const model = make();
    expect(Object.keys(model.stateDict()).filter((key) => !key.startsWith("blocks.1"))).toEqual([
      "tok.weight",
      "pos.weight",
      ...["ln1", "qkv", "proj", "ln2", "fc1", "fc2"].flatMap((key) => [`blocks.0.${key}.weight`, `blocks.0.${key}.bias`]),
      "ln_f.weight",
      "ln_f.bias",
      "head.weight",
    ]);
    expect(model.tok.weight.abs().amax().item()).toBeLessThan(0.1);
    expect(() => model.forward(randint(0, 11, [2, 7]))).toThrow("GPT: needs tokens [batch,length] of at most 6 per sequence, got [2,7]");
    expect(() => new models.GPT({ vocabSize: 3, contextLength: 4, width: 6, heads: 4 })).toThrow("GPTBlock: 4 heads do not divide width 6");
  });
});
