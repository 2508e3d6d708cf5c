export * from "./gpt.ts";
export * from "./mlp.ts";
export * from "./resnet.ts";
