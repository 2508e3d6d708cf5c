// Five steps of the lesson's training on the backend that the first argument names; prints the losses.
import { cpu, reference } from "gradtape";
import { train } from "./network.ts";

try {
  new Function("return 1")();
  throw new Error("code generation is allowed here");
} catch (error) {
  if (!(error instanceof EvalError)) throw error;
}
if (process.argv[2] === "reference") cpu.setBackend(reference);
console.log(JSON.stringify(train(5)));
