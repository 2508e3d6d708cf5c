// Counts which interior values of a graph the collector can reach while only the root is held, before and after backward().
import { type Tensor, tensor } from "@gradtape/core";

const alive: WeakRef<object>[] = [];

function build(): { readonly x: Tensor; readonly y: Tensor } {
  const x = tensor([1, 2, 3], { requiresGrad: true });
  let y: Tensor = x;
  for (let i = 0; i < 50; i++) {
    y = y.mul(y);
    alive.push(new WeakRef(y.storage));
  }
  return { x, y: y.sum() };
}

const count = async (): Promise<number> => {
  await new Promise((resolve) => setTimeout(resolve, 10));
  (globalThis as { gc?: () => void }).gc?.();
  return alive.filter((ref) => ref.deref() !== undefined).length;
};

const { x, y } = build();
const beforeBackward = await count();
y.backward();
const afterBackward = await count();
if (x.grad === null || y.size !== 1) throw new Error("the ends of the graph are still here");
console.log(JSON.stringify({ beforeBackward, afterBackward }));
