/** The part of gpu.js that the adapter uses, declared here because its own types lack it. */
export interface GpuJs {
  readonly GPU: {
    new (settings: {
      readonly mode: string;
      readonly canvas: { width: number; height: number };
      readonly context?: WebGL2RenderingContext;
    }): Instance;
    /** Whether it finds WebGL2; looks once. */
    readonly isWebGL2Supported: boolean;
  };
}

/** A GPU of gpu.js. */
export interface Instance {
  /** The context of kernels to come. */
  context: unknown;
  createKernel(source: string, settings: Settings): Shortcut;
  createKernelMap(maps: Readonly<Record<string, string>>, source: string, settings: Settings): Shortcut;
  destroy(): unknown;
}

/** A function in the shader's own language that kernel strings may call. */
export interface NativeFunction {
  readonly name: string;
  readonly source: string;
  readonly returnType: "Number" | "Integer" | "Array(4)";
}

/** Settings of a kernel. */
export interface Settings {
  readonly output: readonly number[];
  readonly returnType: "Array(4)" | "Number";
  readonly pipeline: true;
  readonly immutable: true;
  readonly precision: "single";
  readonly tactic: "precision";
  readonly fixIntegerDivisionAccuracy: false;
  readonly loopMaxIterations: number;
  readonly optimizeFloatMemory: boolean;
  readonly nativeFunctions: readonly NativeFunction[];
  readonly injectedNative: string;
}

/** A texture as gpu.js hands it to kernels. */
export interface Texture {
  texture: WebGLTexture & { _refs?: number };
  readonly size: Int32Array;
  delete(): void;
}

/** How gpu.js makes such a texture. */
export type TextureClass = new (settings: {
  readonly texture: WebGLTexture;
  readonly size: Int32Array;
  readonly dimensions: Int32Array;
  readonly output: readonly number[];
  readonly context: WebGL2RenderingContext;
  readonly kernel: Kernel;
  readonly internalFormat: number;
  readonly textureFormat: number;
}) => Texture;

/** A compiled kernel inside its shortcut. */
export interface Kernel {
  texture: Texture;
  mappedTextures: Texture[] | null;
  _textureSwitched: boolean;
  _mappedTextureSwitched: Record<number, boolean>;
  readonly program: WebGLProgram;
  /** The class of its results. */
  readonly TextureConstructor: TextureClass;
  readonly texSize: ArrayLike<number>;
  readonly switchingKernels: unknown;
  run(...args: unknown[]): unknown;
  build(...args: unknown[]): unknown;
}

/** What `createKernel` returns; a call of it gives a promise in later versions of gpu.js, so that nothing here calls it. */
export interface Shortcut {
  readonly kernel: Kernel;
}
