// The least program that trains with TensorFlow.js on its WebAssembly backend: one step of the lesson's network at batch 32, with Adam.
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";

console.warn = () => {};
if (typeof process !== "undefined") setWasmPaths(process.env.TFJS_WASM_PATH);
await tf.setBackend("wasm");
const dense = (units, more) => tf.layers.dense({ units, ...more });
const model = tf.sequential({ layers: [dense(256, { inputShape: [784], activation: "relu" }), dense(128, { activation: "relu" }), dense(10)] });
const optimizer = tf.train.adam(3e-4);
const x = tf.randomUniform([32, 784]);
const y = tf.oneHot(tf.zeros([32], "int32"), 10);
const loss = optimizer.minimize(() => tf.losses.softmaxCrossEntropy(y, model.apply(x)), true);
console.log(loss.dataSync()[0]);
