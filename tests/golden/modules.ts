import { arange, type Tensor } from "@gradtape/core";
import { type Activation, Module as BaseModule, models } from "@gradtape/nn";
import { core, type Module, nn } from "./library.ts";
import { camelCase, options } from "./naming.ts";
import type { Fields } from "./recording.ts";
import { Skip } from "./replay.ts";

/** Arguments of constructors that are positional, as in PyTorch; the others are options. */
const positional: Readonly<Record<string, readonly string[]>> = {
  Linear: ["in_features", "out_features"],
  Bilinear: ["in1_features", "in2_features", "out_features"],
  Conv1d: ["in_channels", "out_channels", "kernel_size"],
  Conv2d: ["in_channels", "out_channels", "kernel_size"],
  ConvTranspose1d: ["in_channels", "out_channels", "kernel_size"],
  ConvTranspose2d: ["in_channels", "out_channels", "kernel_size"],
  MaxPool2d: ["kernel_size"],
  AvgPool2d: ["kernel_size"],
  AdaptiveAvgPool2d: ["output_size"],
  BatchNorm1d: ["num_features"],
  BatchNorm2d: ["num_features"],
  LayerNorm: ["normalized_shape"],
  RMSNorm: ["normalized_shape"],
  GroupNorm: ["num_groups", "num_channels"],
  Embedding: ["num_embeddings", "embedding_dim"],
  MultiheadAttention: ["embed_dim", "num_heads"],
  TransformerEncoderLayer: ["d_model", "nhead"],
  RNN: ["input_size", "hidden_size"],
  GRU: ["input_size", "hidden_size"],
  LSTM: ["input_size", "hidden_size"],
};

/** A module whose output is one tensor. */
type Layer = Omit<Module, "forward"> & { forward(...inputs: readonly unknown[]): Tensor };

const make = (name: string, ...args: readonly unknown[]): Layer => new nn[name](...args) as Layer;

/** A module by PyTorch's name and constructor arguments. `architecture` tells the layers of a Sequential. */
export function buildModule(name: string, kwargs: Fields, architecture?: string): Module {
  const own = composites[name];
  if (own !== undefined) return own(kwargs as Readonly<Record<string, number>>) as unknown as Module;
  if (name === "Sequential") return new nn.Sequential(...(architecture ?? "").split(" - ").map(layerOf));
  const given: Record<string, unknown> = options(kwargs);
  const args = (positional[name] ?? []).map(camelCase).map((key) => {
    const { [key]: value } = given;
    delete given[key];
    return value;
  });
  return make(name, ...args, ...(Object.keys(given).length === 0 ? [] : [given]));
}

/** `Conv2d(1,2,3,padding=1)` as a layer. */
function layerOf(text: string): Layer {
  const [, name, inside = ""] = /^\s*(\w+)(?:\(([^)]*)\))?/.exec(text) ?? [];
  if (name === undefined) throw new Skip(`the tool does not understand the layer "${text}"`);
  const given: Record<string, unknown> = {};
  const args = inside.split(",").flatMap((part) => {
    const [value, key] = part.split("=").reverse();
    if (key === undefined) return value === "" ? [] : [Number(value)];
    given[camelCase(key)] = Number(value);
    return [];
  });
  return make(name, ...args, ...(Object.keys(given).length === 0 ? [] : [given]));
}

/** A Sequential of Linear and BatchNorm1d layers, with ReLU in the gaps, that has parameters of these names and shapes. */
export function sequentialOf(shapes: ReadonlyMap<string, readonly number[]>): Module {
  const last = Math.max(...[...shapes.keys()].map((key) => Number.parseInt(key, 10)));
  const layers = Array.from({ length: last + 1 }, (_, k) => {
    const weight = shapes.get(`${k}.weight`);
    if (weight === undefined) return make("ReLU");
    return weight.length === 2 ? make("Linear", weight[1], weight[0]) : make("BatchNorm1d", weight[0]);
  });
  return new nn.Sequential(...layers);
}

const conv = (cin: number, cout: number, size: number, given: object): Layer => make("Conv2d", cin, cout, size, given);

class ConvNet extends BaseModule {
  readonly conv1: Layer;
  readonly conv2: Layer;
  readonly bn: Layer;
  readonly fc: Layer;

  constructor(cin: number, c1: number, c2: number, side: number, classes: number) {
    super();
    this.conv1 = conv(cin, c1, 3, { padding: 1 });
    this.conv2 = conv(c1, c2, 3, { padding: 1, bias: false });
    this.bn = make("BatchNorm2d", c2);
    this.fc = make("Linear", c2 * Math.floor(side / 4) ** 2, classes);
  }

  override forward(x: Tensor): Tensor {
    const pool = (y: Tensor): Tensor => core.maxPool2d(y, { kernelSize: 2 });
    const features = pool(this.bn.forward(this.conv2.forward(pool(this.conv1.forward(x).relu()))).relu());
    return this.fc.forward(features.flatten({ startDim: 1 }));
  }
}

/** A GPT of one block, whose keys stand beside those of the embeddings. */
class TinyTransformer extends models.GPTBlock {
  readonly tok: Layer;
  readonly pos: Layer;
  readonly lnF: Layer;
  readonly head: Layer;

  constructor(vocab: number, context: number, width: number, heads: number, hidden: number) {
    super(width, heads, { hidden });
    this.tok = make("Embedding", vocab, width);
    this.pos = make("Embedding", context, width);
    this.lnF = make("LayerNorm", [width]);
    this.head = make("Linear", width, vocab, { bias: false });
  }

  override forward(ids: Tensor): Tensor {
    const places = arange(0, ids.shape[1], 1, { dtype: "int32", device: ids.device });
    return this.head.forward(this.lnF.forward(super.forward(this.tok.forward(ids).add(this.pos.forward(places)))));
  }
}

/** The models of the recordings that PyTorch lacks too, from the numbers of their cases. */
const composites: Readonly<Record<string, (p: Readonly<Record<string, number>>) => BaseModule>> = {
  BasicBlock: (p) => new models.BasicBlock(p.cin, p.cout, { stride: p.stride }),
  TinyResNet: (p) => new models.ResNet({ blocks: [1, 1], widths: [p.w1, p.w2], inChannels: p.cin, numClasses: p.classes }),
};

/** The network of a training run, by its recorded architecture. */
export function buildNetwork(architecture: Fields): Module {
  const p = architecture as Readonly<Record<string, number>>;
  const networks: Readonly<Record<string, () => BaseModule>> = {
    mlp: () => new models.MLP(architecture.sizes as readonly number[], { activation: architecture.activation as Activation }),
    convnet: () => new ConvNet(p.in_channels, p.c1, p.c2, p.side, p.classes),
    transformer: () => new TinyTransformer(p.vocab, p.context, p.d_model, p.heads, p.mlp),
  };
  const build = networks[architecture.kind as string];
  if (build === undefined) throw new Skip(`the tool does not know the architecture ${String(architecture.kind)}`);
  return build() as unknown as Module;
}
