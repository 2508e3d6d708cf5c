import { ByteWriter } from "./bytes.ts";
import { type Code, type ValueType, valueTypes } from "./code.ts";
import { FunctionBuilder, type Signature } from "./function.ts";

/** Largest size of a memory with 32-bit addresses: 65536 pages of 64 KiB. */
export const MAX_PAGES = 65536;

interface Import extends Signature {
  readonly name: string;
}

/** A function that code can call. */
export type Call = (...args: Code[]) => Code;

/** A WebAssembly module on one imported memory (`env.memory`): declare imports first, then functions, then `compile()`. */
export class ModuleBuilder {
  readonly #imports: Import[] = [];
  readonly #functions: { readonly name: string; readonly builder: FunctionBuilder }[] = [];

  constructor(readonly options: { readonly shared?: boolean } = {}) {}

  #call(index: number): Call {
    return (...args) =>
      (out) => {
        for (const arg of args) arg(out);
        out.byte(0x10).unsigned(index);
      };
  }

  /** Declares a function of the host, `env.<name>`; returns how to call it. One name is declared once. */
  import(name: string, parameters: readonly ValueType[], results: readonly ValueType[]): Call {
    const known = this.#imports.findIndex((other) => other.name === name);
    if (known >= 0) return this.#call(known);
    if (this.#functions.length > 0) throw new Error(`wasm: import ${name} before the first function`);
    this.#imports.push({ name, parameters, results });
    return this.#call(this.#imports.length - 1);
  }

  /** Adds a function, exported under its name; `write` fills its body. Returns how other functions call it. */
  function(name: string, parameters: readonly ValueType[], results: readonly ValueType[], write: (builder: FunctionBuilder) => void): Call {
    const builder = new FunctionBuilder({ parameters, results });
    this.#functions.push({ name, builder });
    write(builder);
    return this.#call(this.#imports.length + this.#functions.length - 1);
  }

  /** The module in the binary format. */
  bytes(): Uint8Array<ArrayBuffer> {
    const types = new ByteWriter();
    const known = new Map<string, number>();
    const typeOf = ({ parameters, results }: Signature): number => {
      const key = `${parameters}>${results}`;
      let index = known.get(key);
      if (index === undefined) {
        known.set(key, (index = known.size));
        types.byte(0x60);
        for (const list of [parameters, results]) {
          types.unsigned(list.length);
          for (const type of list) types.byte(valueTypes[type]);
        }
      }
      return index;
    };
    const imports = new ByteWriter()
      .unsigned(this.#imports.length + 1)
      .name("env")
      .name("memory")
      .byte(2);
    imports
      .byte(this.options.shared === true ? 3 : 1)
      .unsigned(1)
      .unsigned(MAX_PAGES);
    for (const each of this.#imports) imports.name("env").name(each.name).byte(0).unsigned(typeOf(each));
    const count = this.#functions.length;
    const [declared, exported, code] = [1, 2, 3].map(() => new ByteWriter().unsigned(count));
    this.#functions.forEach(({ name, builder }, index) => {
      declared.unsigned(typeOf(builder.signature));
      exported
        .name(name)
        .byte(0)
        .unsigned(this.#imports.length + index);
      code.sized(builder.code());
    });
    const out = new ByteWriter().bytes([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    out.byte(1).sized(new ByteWriter().unsigned(known.size).bytes(types.done()));
    out.byte(2).sized(imports).byte(3).sized(declared).byte(7).sized(exported).byte(10).sized(code);
    return out.done();
  }
}
