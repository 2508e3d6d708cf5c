// The least program that trains: one step of the lesson's network at batch 32.
import { nn, optim, rand, randint } from "gradtape";

const model = new nn.Sequential(new nn.Linear(784, 256), new nn.ReLU(), new nn.Linear(256, 128), new nn.ReLU(), new nn.Linear(128, 10));
const optimizer = new optim.AdamW(model.parameters(), { lr: 3e-4, weightDecay: 0.01 });
const loss = new nn.CrossEntropyLoss().forward(model.forward(rand([32, 784])), randint(0, 10, [32]));
loss.backward();
optimizer.step();
console.log(loss.item());
