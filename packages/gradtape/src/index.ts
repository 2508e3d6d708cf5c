export * from "@gradtape/core";
export * as data from "@gradtape/data";
export * as nn from "@gradtape/nn";
export * as optim from "@gradtape/optim";
