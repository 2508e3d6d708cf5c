import { checkOptions, full, Parameter, type Tensor } from "@gradtape/core";
import { checkSize } from "./linear.ts";
import { Module } from "./module.ts";

/** Rectified linear unit `max(x, 0)` on every element. */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return x.relu();
  }
}

/** Hyperbolic tangent on every element. */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return x.tanh();
  }
}

/** Logistic function `1 / (1 + exp(-x))` on every element. */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return x.sigmoid();
  }
}

/** Logarithm of the logistic function on every element. */
export class LogSigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return x.logsigmoid();
  }
}

/** Sigmoid linear unit `x * sigmoid(x)` on every element. Elfwing, Uchibe & Doya 2018, arXiv:1702.03118. */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    return x.silu();
  }
}

/** `x * tanh(softplus(x))` on every element. Misra 2019, arXiv:1908.08681. */
export class Mish extends Module {
  override forward(x: Tensor): Tensor {
    return x.mish();
  }
}

/** `min(max(x, 0), 6)` on every element. */
export class ReLU6 extends Module {
  override forward(x: Tensor): Tensor {
    return x.relu6();
  }
}

/** Self-normalizing linear unit on every element. Klambauer et al. 2017, arXiv:1706.02515. */
export class SELU extends Module {
  override forward(x: Tensor): Tensor {
    return x.selu();
  }
}

/** `x * min(max(x + 3, 0), 6) / 6` on every element. Howard et al. 2019, arXiv:1905.02244. */
export class Hardswish extends Module {
  override forward(x: Tensor): Tensor {
    return x.hardswish();
  }
}

/** `min(max(x + 3, 0), 6) / 6` on every element. */
export class Hardsigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return x.hardsigmoid();
  }
}

/** `x / (1 + |x|)` on every element. */
export class Softsign extends Module {
  override forward(x: Tensor): Tensor {
    return x.softsign();
  }
}

/** `x - tanh(x)` on every element. */
export class Tanhshrink extends Module {
  override forward(x: Tensor): Tensor {
    return x.tanhshrink();
  }
}

/** An activation that holds the options of its op. */
abstract class WithOptions<Options extends object> extends Module {
  /** Options of the op. */
  protected readonly options: Options;

  constructor(options?: Options) {
    super();
    this.options = options ?? ({} as Options);
  }

  override extraRepr(): string {
    return Object.entries(this.options)
      .map(([name, value]) => `${name}=${value}`)
      .join(", ");
  }
}

/** Gaussian error linear unit on every element; `approximate: "tanh"` takes the older formula. Hendrycks & Gimpel 2016, arXiv:1606.08415. */
export class GELU extends WithOptions<{ readonly approximate?: "none" | "tanh" }> {
  override forward(x: Tensor): Tensor {
    return x.gelu(this.options);
  }
}

/** `x`, or `negativeSlope * x` (0.01 by default) where x ≤ 0, on every element. */
export class LeakyReLU extends WithOptions<{ readonly negativeSlope?: number }> {
  override forward(x: Tensor): Tensor {
    return x.leakyRelu(this.options);
  }
}

/** Exponential linear unit on every element. Clevert, Unterthiner & Hochreiter 2016, arXiv:1511.07289. */
export class ELU extends WithOptions<{ readonly alpha?: number }> {
  override forward(x: Tensor): Tensor {
    return x.elu(this.options);
  }
}

/** Continuously differentiable exponential linear unit on every element. Barron 2017, arXiv:1704.07483. */
export class CELU extends WithOptions<{ readonly alpha?: number }> {
  override forward(x: Tensor): Tensor {
    return x.celu(this.options);
  }
}

/** `log(1 + exp(beta * x)) / beta` on every element. */
export class Softplus extends WithOptions<{ readonly beta?: number; readonly threshold?: number }> {
  override forward(x: Tensor): Tensor {
    return x.softplus(this.options);
  }
}

/** `x` limited to [minVal, maxVal], [-1, 1] by default, on every element. */
export class Hardtanh extends WithOptions<{ readonly minVal?: number; readonly maxVal?: number }> {
  override forward(x: Tensor): Tensor {
    return x.hardtanh(this.options);
  }
}

/** Gated linear unit: the first half of a dimension (the last by default) times the logistic function of the second. Dauphin et al. 2017, arXiv:1612.08083. */
export class GLU extends WithOptions<{ readonly dim?: number }> {
  override forward(x: Tensor): Tensor {
    return x.glu(this.options);
  }
}

/** `exp(x) / Σ exp(x)` along a dimension, the last by default. */
export class Softmax extends WithOptions<{ readonly dim?: number }> {
  override forward(x: Tensor): Tensor {
    return x.softmax(this.options.dim ?? -1);
  }
}

/** `x - log Σ exp(x)` along a dimension, the last by default. */
export class LogSoftmax extends WithOptions<{ readonly dim?: number }> {
  override forward(x: Tensor): Tensor {
    return x.logSoftmax(this.options.dim ?? -1);
  }
}

/** Leaky rectifier with learned slopes: one, or one for each channel (dimension 1). He et al. 2015, arXiv:1502.01852. */
export class PReLU extends Module {
  /** `[numParameters]`, `init` (0.25 by default) at first. */
  readonly weight: Parameter;

  constructor(options: { readonly numParameters?: number; readonly init?: number; readonly dtype?: "float32" | "float64" } = {}) {
    super();
    checkOptions("PReLU", options, ["numParameters", "init", "dtype"]);
    const { numParameters = 1, init = 0.25, dtype = "float32" } = options;
    checkSize("PReLU", "numParameters", numParameters);
    this.weight = new Parameter(full([numParameters], init, { dtype }));
  }

  override forward(x: Tensor): Tensor {
    return x.prelu(this.weight);
  }

  override extraRepr(): string {
    return `numParameters=${this.weight.size}`;
  }
}
