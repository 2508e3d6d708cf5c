import type { Backend } from "@gradtape/core";
import { describe } from "vitest";
import { convolutionConformance } from "./convolution.ts";
import { elementwiseConformance } from "./elementwise.ts";
import { indexingConformance } from "./indexing.ts";
import { matmulConformance } from "./matmul.ts";
import { poolingConformance } from "./pooling.ts";
import { reductionConformance } from "./reduction.ts";
import { rowConformance } from "./rows.ts";

/** What proves a backend of the CPU: every method against the reference backend, over tables of functions, dtypes, shapes and layouts. */
export function conformance(backend: Backend): void {
  describe(`conformance of ${backend.name}`, () => {
    elementwiseConformance(backend);
    reductionConformance(backend);
    rowConformance(backend);
    matmulConformance(backend);
    indexingConformance(backend);
    convolutionConformance(backend);
    poolingConformance(backend);
  });
}
