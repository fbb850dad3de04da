/** The part of the WebAssembly interface Mote uses; Node has it, its version 20 types do not. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean });
    readonly buffer: ArrayBufferLike;
    grow(pages: number): number;
  }
  class Module {
    constructor(bytes: Uint8Array);
    static exports(module: Module): { name: string; kind: string }[];
    static imports(module: Module): { module: string; name: string; kind: string }[];
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, unknown>;
  }
  /** Of the bytes of a module. */
  let instantiate: (
    bytes: Uint8Array,
    imports?: Record<string, Record<string, unknown>>,
  ) => Promise<{ module: Module; instance: Instance }>;
}
