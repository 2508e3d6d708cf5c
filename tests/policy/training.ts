// Five steps of the lesson's training on the backend that the first argument names; prints the losses.
import { cpu, nn, optim, randint, randn, reference } from "gradtape";

try {
  new Function("return 1")();
  throw new Error("code generation is allowed here");
} catch (error) {
  if (!(error instanceof EvalError)) throw error;
}
if (process.argv[2] === "reference") cpu.setBackend(reference);
const model = new nn.Sequential(new nn.Linear(20, 16), new nn.GELU(), new nn.LayerNorm(16), new nn.Linear(16, 4));
const optimizer = new optim.AdamW(model.parameters(), { lr: 0.01 });
const loss = new nn.CrossEntropyLoss();
const [x, labels] = [randn([8, 20]), randint(0, 4, [8])];
const losses = Array.from({ length: 5 }, () => {
  optimizer.zeroGrad();
  const value = loss.forward(model.forward(x), labels);
  value.backward();
  optim.clipGradNorm(model.parameters(), 1);
  optimizer.step();
  return value.item();
});
console.log(JSON.stringify(losses));
