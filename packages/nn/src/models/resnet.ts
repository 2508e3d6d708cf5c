import { checkOptions, type DType, type Generator, type Tensor } from "@gradtape/core";
import { Sequential } from "../container.ts";
import { Conv2d } from "../convolution.ts";
import { constant, kaimingNormal } from "../init.ts";
import { Linear } from "../linear.ts";
import { Module } from "../module.ts";
import { BatchNorm2d } from "../normalization.ts";

/** How parameters are made. */
interface Made {
  /** Default float32. */
  readonly dtype?: DType;
  /** Draws the initial values; the default generator unless given. */
  readonly generator?: Generator;
}

function convolution(inPlanes: number, planes: number, size: 1 | 3, stride: number, made: Made): Conv2d {
  const layer = new Conv2d(inPlanes, planes, size, { stride, padding: size === 3 ? 1 : 0, bias: false, ...made });
  kaimingNormal(layer.weight, { mode: "fanOut", nonlinearity: "relu", ...(made.generator === undefined ? {} : { generator: made.generator }) });
  return layer;
}

const normalization = (planes: number, { dtype }: Made): BatchNorm2d => new BatchNorm2d(planes, dtype === undefined ? {} : { dtype });

/** Two 3 x 3 convolutions and the input again, through a 1 x 1 convolution where shapes differ. He et al. 2016, arXiv:1512.03385, figure 2, option B. */
export class BasicBlock extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  /** What fits the input to the output; `null` where it fits already. */
  readonly downsample: Sequential | null;

  constructor(inPlanes: number, planes: number, options: Made & { readonly stride?: number } = {}) {
    super();
    checkOptions("BasicBlock", options, ["stride", "dtype", "generator"]);
    const { stride = 1, ...made } = options;
    this.conv1 = convolution(inPlanes, planes, 3, stride, made);
    this.bn1 = normalization(planes, made);
    this.conv2 = convolution(planes, planes, 3, 1, made);
    this.bn2 = normalization(planes, made);
    const fits = stride === 1 && inPlanes === planes;
    this.downsample = fits ? null : new Sequential(convolution(inPlanes, planes, 1, stride, made), normalization(planes, made));
  }

  /** `[N,inPlanes,H,W]` → `[N,planes,H/stride,W/stride]`. */
  override forward(x: Tensor): Tensor {
    const y = this.bn1.forward(this.conv1.forward(x)).relu();
    const shortcut = this.downsample === null ? x : this.downsample.forward(x);
    return this.bn2.forward(this.conv2.forward(y)).add(shortcut).relu();
  }
}

/** Options of `ResNet`. */
export interface ResNetOptions extends Made {
  /** Blocks of each stage; every stage but the first halves the image. Default [2, 2, 2, 2]. */
  readonly blocks?: readonly number[];
  /** Channels of each stage. Default: 64, doubled from stage to stage. */
  readonly widths?: readonly number[];
  /** Channels of the image. Default 3. */
  readonly inChannels?: number;
  /** Default 10. */
  readonly numClasses?: number;
  /** Lets every block begin as the identity: its last normalization's weight is 0. Goyal et al. 2017, arXiv:1706.02677, section 5.1. Default false. */
  readonly zeroInitResidual?: boolean;
}

const known = ["blocks", "widths", "inChannels", "numClasses", "zeroInitResidual", "dtype", "generator"];

/**
 * Residual network for small images such as CIFAR's: a 3 x 3 stem without pooling, stages of basic blocks, the mean of each channel, a linear layer. He et al. 2016,
 * arXiv:1512.03385, section 4.2. Keys and initial values as in torchvision, whose stem is larger.
 */
export class ResNet extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  /** Declared only: it comes after the stages, also among the keys. */
  declare readonly fc: Linear;
  readonly #stages: readonly Sequential[];

  constructor(options: ResNetOptions = {}) {
    super();
    checkOptions("ResNet", options, known);
    const { blocks = [2, 2, 2, 2], inChannels = 3, numClasses = 10, zeroInitResidual = false, dtype, generator } = options;
    const { widths = blocks.map((_, k) => 64 * 2 ** k) } = options;
    if (blocks.length === 0 || widths.length !== blocks.length || blocks.some((count) => !(Number.isInteger(count) && count > 0)))
      throw new RangeError(`ResNet: blocks [${blocks.join(",")}] and widths [${widths.join(",")}] name each stage's, integers of at least 1`);
    const made = { ...(dtype && { dtype }), ...(generator && { generator }) };
    this.conv1 = convolution(inChannels, widths[0], 3, 1, made);
    this.bn1 = normalization(widths[0], made);
    this.#stages = blocks.map((count, k) => {
      const block = (i: number): BasicBlock => {
        const inPlanes = i > 0 || k === 0 ? widths[k] : widths[k - 1];
        return new BasicBlock(inPlanes, widths[k], { stride: i === 0 && k > 0 ? 2 : 1, ...made });
      };
      return new Sequential(...Array.from({ length: count }, (_, i) => block(i)));
    });
    Object.assign(this, Object.fromEntries(this.#stages.map((stage, k) => [`layer${k + 1}`, stage])));
    this.fc = new Linear(widths[widths.length - 1], numClasses, made);
    if (zeroInitResidual) for (const module of this.modules()) if (module instanceof BasicBlock && module.bn2.weight) constant(module.bn2.weight, 0);
  }

  /** Images `[N,inChannels,H,W]` → logits `[N,numClasses]`. */
  override forward(x: Tensor): Tensor {
    const stem = this.bn1.forward(this.conv1.forward(x)).relu();
    return this.fc.forward(this.#stages.reduce((y, stage) => stage.forward(y), stem).mean([2, 3]));
  }
}

/** Options of the named residual networks. */
export interface NamedResNetOptions extends Omit<ResNetOptions, "blocks" | "widths"> {
  /** Channels of the first stage. */
  readonly width?: number;
}

const named = (blocks: readonly number[], usual: number, { width = usual, ...rest }: NamedResNetOptions): ResNet =>
  new ResNet({ blocks, widths: blocks.map((_, k) => width * 2 ** k), ...rest });

/** ResNet-18 for small images: four stages of two blocks, 64 to 512 channels unless `width` says otherwise; 11.2 million parameters. */
export const resnet18 = (options: NamedResNetOptions = {}): ResNet => named([2, 2, 2, 2], 64, options);

/** ResNet-34 for small images: stages of 3, 4, 6 and 3 blocks, 64 to 512 channels unless `width` says otherwise. */
export const resnet34 = (options: NamedResNetOptions = {}): ResNet => named([3, 4, 6, 3], 64, options);

/** The paper's CIFAR network of 20 layers: three stages of three blocks, 16 to 64 channels; 0.27 million parameters. */
export const resnet20 = (options: NamedResNetOptions = {}): ResNet => named([3, 3, 3], 16, options);
