import { Generator, gradcheck, gradgradcheck, noGrad, randn, type Tensor, tensor, zeros } from "@gradtape/core";
import { describe, expect, test } from "vitest";
import * as nn from "./index.ts";

const generator = new Generator(7);
const draw = (...shape: number[]): Tensor => randn(shape, { generator });
const near = (a: Tensor, b: Tensor): void => {
  expect(a.shape).toEqual(b.shape);
  expect(a.sub(b).abs().amax().item()).toBeLessThan(1e-6);
};
const weightsOf = ([, weights]: [Tensor, Tensor | null]): Tensor => weights as Tensor;

describe("MultiheadAttention", () => {
  test("shapes, keys and initial values", () => {
    const module = new nn.MultiheadAttention(6, 2, { generator });
    expect(Object.keys(module.stateDict())).toEqual(["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"]);
    expect(module.inProjWeight?.abs().amax().item()).toBeLessThanOrEqual(Math.sqrt(6 / 24));
    for (const bias of [module.inProjBias, module.outProj.bias]) expect(bias?.abs().amax().item()).toBe(0);
    const [output, weights] = module.forward(draw(4, 3, 6), draw(5, 3, 6), draw(5, 3, 6));
    expect([output.shape, weights?.shape]).toEqual([
      [4, 3, 6],
      [3, 4, 5],
    ]);
    const apart = new nn.MultiheadAttention(6, 2, { kdim: 4, addBiasKv: true, batchFirst: true, generator });
    expect(Object.keys(apart.stateDict())).toEqual([
      "q_proj_weight",
      "k_proj_weight",
      "v_proj_weight",
      "in_proj_bias",
      "bias_k",
      "bias_v",
      "out_proj.weight",
      "out_proj.bias",
    ]);
    expect(apart.forward(draw(2, 4, 6), draw(2, 5, 4), draw(2, 5, 6), { averageAttnWeights: false })[1]?.shape).toEqual([2, 2, 4, 6]);
  });

  test("self-attention, one product for all three, gives what three products give; batch may be first, last or absent", () => {
    const module = new nn.MultiheadAttention(6, 3, { batchFirst: true, generator });
    const x = draw(2, 4, 6);
    const [output, weights] = module.forward(x, x, x);
    near(module.forward(x, x.clone(), x)[0], output);
    near(weightsOf([output, weights]).sum(-1), weightsOf([output, weights]).sum(-1).newOnes());
    const [alone, own] = module.forward(x.select(0, 1), x.select(0, 1), x.select(0, 1));
    near(alone, output.select(0, 1));
    near(own as Tensor, (weights as Tensor).select(0, 1));
    const last = new nn.MultiheadAttention(6, 3);
    last.loadStateDict(module.stateDict());
    const turned = x.transpose(0, 1);
    near(last.forward(turned, turned, turned, { needWeights: false })[0].transpose(0, 1), output);
  });

  test("masks: true blocks, numbers are added, and they add up", () => {
    const module = new nn.MultiheadAttention(4, 2, { batchFirst: true, generator });
    const x = draw(2, 3, 4);
    const causal = weightsOf(module.forward(x, x, x, { isCausal: true }));
    expect(causal.triu({ diagonal: 1 }).abs().sum().item()).toBe(0);
    near(weightsOf(module.forward(x, x, x, { attnMask: nn.causalMask(3) })), causal);
    const numbers = zeros([3, 3]).maskedFill(nn.causalMask(3), -Infinity);
    near(weightsOf(module.forward(x, x, x, { attnMask: numbers })), causal);
    near(weightsOf(module.forward(x, x, x, { attnMask: nn.causalMask(3).expand([4, 3, 3]) })), causal);
    const padding = tensor([
      [false, false, true],
      [false, false, false],
    ]);
    const padded = weightsOf(module.forward(x, x, x, { attnMask: numbers, keyPaddingMask: padding }));
    expect(padded.select(0, 0).select(1, 2).abs().sum().item()).toBe(0);
    near(padded.select(0, 1), causal.select(0, 1));
    const both = weightsOf(module.forward(x, x, x, { keyPaddingMask: padding, isCausal: true }));
    near(both, padded);
  });

  test("keys that options append are open to all", () => {
    const module = new nn.MultiheadAttention(4, 2, { batchFirst: true, addZeroAttn: true, addBiasKv: true, generator });
    const x = draw(2, 3, 4);
    const weights = weightsOf(
      module.forward(x, x, x, { isCausal: true, keyPaddingMask: tensor([true, true, true, true, true, true]).reshape([2, 3]) }),
    );
    expect(weights.shape).toEqual([2, 3, 5]);
    expect(weights.narrow(-1, 0, 3).abs().sum().item()).toBe(0);
    near(weights.sum(-1), weights.sum(-1).newOnes());
  });

  test("gradients are right to second order", () => {
    const module = new nn.MultiheadAttention(4, 2, { batchFirst: true, generator }).to("float64");
    const attend = (query: Tensor, memory: Tensor, weight: Tensor, mask: Tensor): Tensor[] => {
      const [output, weights] = nn.functionalCall(module, { inProjWeight: weight }, query, memory, memory, { attnMask: mask });
      return [output, weights as Tensor];
    };
    const weight = noGrad(() => (module.inProjWeight as Tensor).clone());
    const inputs = [draw(1, 2, 4).to("float64"), draw(1, 3, 4).to("float64"), weight, draw(2, 3).to("float64")];
    gradcheck(attend, inputs);
    gradgradcheck((query, memory, mask) => attend(query, memory, weight, mask)[0], [inputs[0], inputs[1], inputs[3]]);
  });

  test("dropout acts on the weights, in training only", () => {
    const module = new nn.MultiheadAttention(4, 2, { dropout: 0.5, generator });
    const x = draw(8, 1, 4);
    const dropped = weightsOf(module.forward(x, x, x, { averageAttnWeights: false }));
    expect(dropped.eq(0).sum().item()).toBeGreaterThan(20);
    expect(
      weightsOf(module.eval().forward(x, x, x))
        .eq(0)
        .sum()
        .item(),
    ).toBe(0);
  });

  test("bad input is refused by name", () => {
    const module = new nn.MultiheadAttention(4, 2, { batchFirst: true });
    const x = draw(2, 3, 4);
    expect(() => module.forward(x, draw(2, 3, 5), x)).toThrow("needs query, key and value [batch,length,4], [batch,length,4], [batch,length,4]");
    expect(() => module.forward(x, draw(3, 3, 4), draw(3, 3, 4))).toThrow("got [2,3,4], [3,3,4], [3,3,4]");
    expect(() => module.forward(x, x, x, { attnMask: zeros([3, 4]) })).toThrow("attnMask has shape [3,4]; it must be [3,3] or [4,3,3]");
    expect(() => module.forward(x, x, x, { keyPaddingMask: zeros([2, 3], { dtype: "int32" }) })).toThrow("keyPaddingMask is int32; make it bool");
    expect(() => module.forward(x, x, x, { mask: null } as object)).toThrow("MultiheadAttention.forward: unknown option mask");
    expect(() => new nn.MultiheadAttention(4, 3)).toThrow("MultiheadAttention: 3 heads do not divide embedDim 4");
  });
});

describe("transformer layers", () => {
  test.each([true, false])("an encoder of copies of a layer, normFirst %s", (normFirst) => {
    const layer = new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 6, activation: "gelu", batchFirst: true, normFirst, generator });
    const encoder = new nn.TransformerEncoder(layer, 2, { norm: new nn.LayerNorm(4) }).eval();
    const x = draw(2, 3, 4);
    layer.eval();
    const want = (encoder.norm as nn.LayerNorm).forward(layer.forward(layer.forward(x, { isCausal: true }), { srcMask: nn.causalMask(3) }));
    near(encoder.forward(x, { mask: nn.causalMask(3) }), want);
    expect(Object.keys(layer.stateDict()).map((key) => key.replace(/\.(weight|bias)$/, ""))).toEqual([
      "self_attn.in_proj_weight",
      "self_attn.in_proj_bias",
      ...["self_attn.out_proj", "linear1", "linear2", "norm1", "norm2"].flatMap((key) => [key, key]),
    ]);
    expect(Object.keys(encoder.stateDict())).toContain("layers.1.linear2.bias");
    encoder.train();
    encoder.forward(x).sum().backward();
    expect(encoder.parameters().filter(({ grad }) => grad === null)).toEqual([]);
  });

  test("what is padded does not matter; dropout does", () => {
    const layer = new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 6, dropout: 0.5, batchFirst: true, generator });
    const x = draw(1, 3, 4);
    expect(layer.forward(x).toArray()).not.toEqual(layer.forward(x).toArray());
    layer.eval();
    const srcKeyPaddingMask = tensor([[false, false, true]]);
    near(layer.forward(x, { srcKeyPaddingMask }).narrow(1, 0, 2), layer.forward(x.narrow(1, 0, 2)));
  });

  test("a decoder attends to the memory, and to the past", () => {
    const layer = new nn.TransformerDecoderLayer(4, 2, { dimFeedforward: 6, dropout: 0, generator });
    const decoder = new nn.TransformerDecoder(layer, 2);
    const [tgt, memory] = [draw(3, 2, 4), draw(5, 2, 4)];
    const y = decoder.forward(tgt, memory, { tgtIsCausal: true });
    expect(y.shape).toEqual([3, 2, 4]);
    near(decoder.forward(tgt.narrow(0, 0, 2), memory, { tgtMask: nn.causalMask(2) }), y.narrow(0, 0, 2));
    const blind = decoder.forward(tgt, memory, { tgtIsCausal: true, memoryKeyPaddingMask: tensor([false, false, true, true, true]).expand([2, 5]) });
    near(blind, decoder.forward(tgt, memory.narrow(0, 0, 2), { tgtIsCausal: true }));
    expect(Object.keys(layer.stateDict()).filter((key) => /^(multi|norm3)/.test(key))).toHaveLength(6);
  });

  test("bad options are refused by name", () => {
    expect(() => new nn.TransformerEncoderLayer(4, 2, { activation: "swish" as "relu" })).toThrow(
      'TransformerEncoderLayer: unknown activation "swish"',
    );
    expect(() => new nn.TransformerEncoderLayer(4, 2, { batchfirst: true } as object)).toThrow("did you mean batchFirst?");
    const layer = new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 6 });
    expect(() => layer.forward(draw(2, 3, 4), { mask: null } as object)).toThrow("TransformerEncoderLayer.forward: unknown option mask");
  });

  test("positions have codes of sines and cosines", () => {
    const module = new nn.PositionalEncoding(4, { maxLen: 8, batchFirst: true });
    const codes = module
      .forward(zeros([2, 5, 4]))
      .select(0, 1)
      .select(0, 3);
    [Math.sin(3), Math.cos(3), Math.sin(0.03), Math.cos(0.03)].forEach((want, k) => {
      expect(codes.data()[k]).toBeCloseTo(want, 6);
    });
    expect(new nn.PositionalEncoding(3, { maxLen: 8 }).forward(zeros([5, 2, 3])).shape).toEqual([5, 2, 3]);
    expect(() => module.forward(zeros([2, 9, 4]))).toThrow("PositionalEncoding: needs sequences of at most 8 positions with 4 features, got [2,9,4]");
  });
});
