import { type Convolution, isFloat, type View } from "@gradtape/core";
import type { Engine } from "../../engine.ts";
import type { Elementwise } from "../elementwise/map.ts";
import { axesOf, phasesOf } from "./axis.ts";
import { convolveChannels } from "./depthwise.ts";
import { convolveGroup } from "./forward.ts";
import { from, type Grid, gridOf } from "./grid.ts";
import { PatchProducts } from "./products.ts";
import { Scratch } from "./scratch.ts";
import type { Means, Task } from "./task.ts";
import { convolveGroupWeight } from "./weight.ts";
import { TileProducts } from "./winograd/products.ts";

type Float = "float32" | "float64";

/**
 * Convolutions and their gradients as matrix products that never lay out their patches: an element of the patch matrix lies at the sum of an offset of its
 * row and one of its column, and panels of it are gathered when they are needed. Like Dukhan 2019, "The Indirect Convolution Algorithm"
 * (arXiv:1907.02129), with tables for both sides. All operands may lie in any way.
 */
export class Convolutions {
  readonly #engine: Engine;
  readonly #elementwise: Elementwise;
  readonly #products: Partial<Record<Float, PatchProducts>> = {};
  #tiles: TileProducts | undefined;

  constructor(engine: Engine, elementwise: Elementwise) {
    this.#engine = engine;
    this.#elementwise = elementwise;
  }

  /** Forgets compiled kernels, after the engine's abilities or its memory changed. */
  reset(): void {
    delete this.#products.float32;
    delete this.#products.float64;
    this.#tiles = undefined;
  }

  /** `Backend.convolve`. */
  convolve(x: View, weight: View, output: View, c: Convolution): boolean {
    if (this.#refuses("convolve", [x, weight, output])) return false;
    const task = {
      dtype: output.dtype as Float,
      axes: axesOf(c),
      samples: x.shape[0],
      channels: x.shape[1] / c.groups,
      rows: weight.shape[0] / c.groups,
    };
    const { channels, rows } = task;
    this.#run(x, weight, output, (means, source, matrix, target) => {
      if (isDepthwise(task, c) && convolveChannels(means, { ...task, channels: c.groups, source }, matrix, target, "image")) return;
      eachGroup(means, c, (group) => {
        const grids = [from(matrix, 0, group * rows), from(target, 1, group * rows)];
        convolveGroup(means, { ...task, source: from(source, 1, group * channels) }, grids[0], { row: 0, channel: 1 }, grids[1]);
      });
    });
    return true;
  }

  /** `Backend.convolveInput`. */
  convolveInput(g: View, weight: View, output: View, c: Convolution): boolean {
    if (this.#refuses("convolveInput", [g, weight, output])) return false;
    const [samples, channels, rows] = [g.shape[0], g.shape[1] / c.groups, output.shape[1] / c.groups];
    this.#run(g, weight, output, (means, source, matrix, target) => {
      for (const axes of phasesOf(c)) {
        const task = { dtype: output.dtype as Float, axes, samples, channels, rows };
        if (isDepthwise(task, c) && convolveChannels(means, { ...task, channels: c.groups, source }, matrix, target, "image")) continue;
        eachGroup(means, c, (group) => {
          const grids = [from(matrix, 0, group * channels), from(target, 1, group * rows)];
          convolveGroup(means, { ...task, source: from(source, 1, group * channels) }, grids[0], { row: 1, channel: 0 }, grids[1]);
        });
      }
    });
    return true;
  }

  /** `Backend.convolveWeight`. */
  convolveWeight(x: View, g: View, output: View, c: Convolution): boolean {
    if (this.#refuses("convolveWeight", [x, g, output])) return false;
    const task = { dtype: output.dtype as Float, axes: axesOf(c), samples: x.shape[0], channels: x.shape[1] / c.groups, rows: g.shape[1] / c.groups };
    const { channels, rows } = task;
    this.#run(x, g, output, (means, source, gradient, target) => {
      if (isDepthwise(task, c) && convolveChannels(means, { ...task, channels: c.groups, source }, target, gradient, "weight")) return;
      eachGroup(means, c, (group) => {
        const grids = [from(gradient, 1, group * rows), from(target, 0, group * rows)];
        convolveGroupWeight(means, { ...task, source: from(source, 1, group * channels) }, grids[0], grids[1]);
      });
    });
    return true;
  }

  #refuses(name: "convolve" | "convolveInput" | "convolveWeight", views: readonly View[]): boolean {
    const { report } = this.#engine;
    const reason = !views.every(({ dtype }) => isFloat(dtype) && dtype === views[2].dtype)
      ? views.map(({ dtype }) => dtype).join(", ")
      : views.some(({ shape }) => shape.includes(0))
        ? "nothing to add up"
        : undefined;
    if (reason === undefined) report.family(name).wasm++;
    else report.fellBack(name, `${reason}; composed of matrix products`);
    return reason !== undefined;
  }

  /** Brings two operands and a result into the memory and computes. */
  #run(left: View, right: View, output: View, work: (means: Means, left: Grid, right: Grid, output: Grid) => void): void {
    const { staging } = this.#engine;
    const views = [left, right, output];
    let addresses: number[];
    try {
      addresses = views.map((view) => staging.announce(view, view === output ? "write" : "read"));
      staging.enter();
      addresses = addresses.map((announced, k) => staging.address(views[k], announced));
    } catch (error) {
      staging.cancel();
      throw error;
    }
    const dtype = output.dtype as Float;
    const scratch = new Scratch(this.#engine);
    try {
      const [a, b, c] = views.map((view, k) => gridOf(view, addresses[k]));
      const products = (this.#products[dtype] ??= new PatchProducts(this.#engine, dtype));
      const tiles = (): TileProducts => (this.#tiles ??= new TileProducts(this.#engine));
      work({ products, tiles, elementwise: this.#elementwise, scratch }, a, b, c);
    } finally {
      scratch.release();
      staging.leave();
    }
  }
}

const isDepthwise = ({ channels, rows }: Pick<Task, "channels" | "rows">, { groups }: Convolution): boolean =>
  groups > 1 && channels === 1 && rows === 1;

/** Computes group by group; none needs the memory of the one before. */
function eachGroup({ scratch }: Means, { groups }: Convolution, work: (group: number) => void): void {
  for (let group = 0; group < groups; group++) {
    scratch.release();
    work(group);
  }
}
