import { checkOptions, type Generator, type Tensor } from "@gradtape/core";
import { Module } from "./module.ts";

/** Where a dropout layer draws from: the default generator unless given. */
export interface DropoutLayerOptions {
  readonly generator?: Generator;
}

/** What dropout layers hold: the probability and the generator. */
abstract class DropoutBase extends Module {
  /** Probability with which something is dropped. */
  readonly p: number;
  readonly #generator: Generator | undefined;

  constructor(p = 0.5, options: DropoutLayerOptions = {}) {
    super();
    checkOptions(new.target.name, options, ["generator"]);
    if (!(p >= 0 && p <= 1)) throw new RangeError(`${new.target.name}: p is a probability from 0 to 1, got ${p}`);
    this.p = p;
    this.#generator = options.generator;
  }

  /** Options of the op, as training mode has them now. */
  protected get settings(): { readonly p: number; readonly training: boolean; readonly generator?: Generator } {
    const { p, training } = this;
    return { p, training, ...(this.#generator === undefined ? {} : { generator: this.#generator }) };
  }

  override extraRepr(): string {
    return `p=${this.p}`;
  }
}

/** In training, elements become 0 with probability `p`, the others grow by 1/(1 - p). Srivastava et al. 2014, JMLR 15. */
export class Dropout extends DropoutBase {
  override forward(x: Tensor): Tensor {
    return x.dropout(this.settings);
  }
}

/** In training, whole channels of `[N,C,L]` become 0. Tompson et al. 2015, arXiv:1411.4280. */
export class Dropout1d extends DropoutBase {
  override forward(x: Tensor): Tensor {
    return x.featureDropout(this.settings);
  }
}

/** In training, whole channels of images `[N,C,H,W]` become 0. Tompson et al. 2015, arXiv:1411.4280. */
export class Dropout2d extends DropoutBase {
  override forward(x: Tensor): Tensor {
    return x.featureDropout(this.settings);
  }
}
