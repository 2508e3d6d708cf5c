/** One room of a package: files that may import each other and the rooms above them in the list, never those below. */
export interface Room {
  readonly name: string;
  /** Matches paths relative to the package's `src`. */
  readonly files: RegExp;
  /** Files of this room never import one another. */
  readonly apart?: true;
}

/** Which of our packages a package may import: the only direction. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  "@gradtape/core": [],
  "@gradtape/wasm": ["@gradtape/core"],
  "@gradtape/gpu": ["@gradtape/core"],
  "@gradtape/nn": ["@gradtape/core"],
  "@gradtape/optim": ["@gradtape/core"],
  "@gradtape/data": ["@gradtape/core"],
  "@gradtape/inspect": ["@gradtape/core", "@gradtape/nn", "@gradtape/optim"],
  gradtape: ["@gradtape/core", "@gradtape/wasm", "@gradtape/gpu", "@gradtape/nn", "@gradtape/optim", "@gradtape/data", "@gradtape/inspect"],
};

/** The rooms of `core`, from the ground up. */
export const coreRooms: readonly Room[] = [
  { name: "shape", files: /^(shape|dtype|philox|random)\.ts$/ },
  { name: "formula", files: /^formula\// },
  { name: "backend", files: /^backend\// },
  { name: "tensor", files: /^tensor\// },
  { name: "tape", files: /^tape\// },
  { name: "values", files: /^ops\/value\.ts$/ },
  { name: "op builders", files: /^ops\/(elementwise|conversion|loss)\.ts$/, apart: true },
  { name: "builders of those", files: /^ops\/(rows|affine|rectifier)\.ts$/, apart: true },
  { name: "ops", files: /^ops\/(?!(index|value|elementwise|conversion|loss|rows|affine|rectifier)\.)[\w-]+\.ts$/, apart: true },
  { name: "ops index", files: /^ops\/index\.ts$/ },
  { name: "creation", files: /^(creation|variable)\.ts$/ },
  { name: "ndarray", files: /^ndarray\.ts$/ },
  { name: "transforms", files: /^transform\// },
  { name: "methods", files: /^methods\.ts$/ },
  { name: "front door", files: /^index\.ts$/ },
];
