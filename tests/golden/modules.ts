import { arange, type Tensor } from "@gradtape/core";
import { Module as BaseModule } from "@gradtape/nn";
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

class BasicBlock extends BaseModule {
  readonly conv1: Layer;
  readonly bn1: Layer;
  readonly conv2: Layer;
  readonly bn2: Layer;
  readonly downsample: Layer | null;

  constructor(cin: number, cout: number, stride: number) {
    super();
    this.conv1 = conv(cin, cout, 3, { stride, padding: 1, bias: false });
    this.bn1 = make("BatchNorm2d", cout);
    this.conv2 = conv(cout, cout, 3, { padding: 1, bias: false });
    this.bn2 = make("BatchNorm2d", cout);
    const same = stride === 1 && cin === cout;
    this.downsample = same ? null : make("Sequential", conv(cin, cout, 1, { stride, bias: false }), make("BatchNorm2d", cout));
  }

  override forward(x: Tensor): Tensor {
    const y = this.bn2.forward(this.conv2.forward(this.bn1.forward(this.conv1.forward(x)).relu()));
    return y.add(this.downsample === null ? x : this.downsample.forward(x)).relu();
  }
}

class TinyResNet extends BaseModule {
  readonly conv1: Layer;
  readonly bn1: Layer;
  readonly layer1: Layer;
  readonly layer2: Layer;
  readonly fc: Layer;

  constructor(cin: number, w1: number, w2: number, classes: number) {
    super();
    this.conv1 = conv(cin, w1, 3, { padding: 1, bias: false });
    this.bn1 = make("BatchNorm2d", w1);
    this.layer1 = make("Sequential", new BasicBlock(w1, w1, 1));
    this.layer2 = make("Sequential", new BasicBlock(w1, w2, 2));
    this.fc = make("Linear", w2, classes);
  }

  override forward(x: Tensor): Tensor {
    const stem = this.bn1.forward(this.conv1.forward(x)).relu();
    return this.fc.forward(this.layer2.forward(this.layer1.forward(stem)).mean([2, 3]));
  }
}

class MLP extends BaseModule {
  readonly fc1: Layer;
  readonly fc2: Layer;
  readonly fc3: Layer;
  readonly #activation: string;

  constructor(sizes: readonly number[], activation: string) {
    super();
    this.fc1 = make("Linear", sizes[0], sizes[1]);
    this.fc2 = make("Linear", sizes[1], sizes[2]);
    this.fc3 = make("Linear", sizes[2], sizes[3]);
    this.#activation = activation;
  }

  override forward(x: Tensor): Tensor {
    const active = core[this.#activation];
    return this.fc3.forward(active(this.fc2.forward(active(this.fc1.forward(x)))));
  }
}

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

class TinyTransformer extends BaseModule {
  readonly tok: Layer;
  readonly pos: Layer;
  readonly ln1: Layer;
  readonly qkv: Layer;
  readonly proj: Layer;
  readonly ln2: Layer;
  readonly fc1: Layer;
  readonly fc2: Layer;
  readonly lnF: Layer;
  readonly head: Layer;
  readonly #heads: number;

  constructor(vocab: number, context: number, width: number, heads: number, hidden: number) {
    super();
    this.tok = make("Embedding", vocab, width);
    this.pos = make("Embedding", context, width);
    this.ln1 = make("LayerNorm", [width]);
    this.qkv = make("Linear", width, 3 * width);
    this.proj = make("Linear", width, width);
    this.ln2 = make("LayerNorm", [width]);
    this.fc1 = make("Linear", width, hidden);
    this.fc2 = make("Linear", hidden, width);
    this.lnF = make("LayerNorm", [width]);
    this.head = make("Linear", width, vocab, { bias: false });
    this.#heads = heads;
  }

  #attend(x: Tensor): Tensor {
    const [batch, length, width] = x.shape;
    const parts = core.chunk(this.qkv.forward(x), 3, { dim: -1 }) as unknown as readonly Tensor[];
    const [q, k, v] = parts.map((part) => part.reshape([batch, length, this.#heads, width / this.#heads]).transpose(1, 2));
    const joined = core.scaledDotProductAttention(q, k, v, { isCausal: true });
    return this.proj.forward(joined.transpose(1, 2).reshape([batch, length, width]));
  }

  override forward(ids: Tensor): Tensor {
    const embedded = this.tok.forward(ids).add(this.pos.forward(arange(0, ids.shape[1], 1, { dtype: "int32" })));
    const attended = embedded.add(this.#attend(this.ln1.forward(embedded)));
    const mixed = attended.add(this.fc2.forward(core.gelu(this.fc1.forward(this.ln2.forward(attended)))));
    return this.head.forward(this.lnF.forward(mixed));
  }
}

/** The models of the recordings that PyTorch lacks too, from the numbers of their cases. */
const composites: Readonly<Record<string, (p: Readonly<Record<string, number>>) => BaseModule>> = {
  BasicBlock: (p) => new BasicBlock(p.cin, p.cout, p.stride),
  TinyResNet: (p) => new TinyResNet(p.cin, p.w1, p.w2, p.classes),
};

/** The network of a training run, by its recorded architecture. */
export function buildNetwork(architecture: Fields): Module {
  const p = architecture as Readonly<Record<string, number>>;
  const networks: Readonly<Record<string, () => BaseModule>> = {
    mlp: () => new MLP(architecture.sizes as readonly number[], architecture.activation as string),
    convnet: () => new ConvNet(p.in_channels, p.c1, p.c2, p.side, p.classes),
    transformer: () => new TinyTransformer(p.vocab, p.context, p.d_model, p.heads, p.mlp),
  };
  const build = networks[architecture.kind as string];
  if (build === undefined) throw new Skip(`the tool does not know the architecture ${String(architecture.kind)}`);
  return build() as unknown as Module;
}
