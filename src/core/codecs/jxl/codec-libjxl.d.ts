/** What we use of @cornerstonejs/codec-libjxl 1.1.1, which comes without types. Errors are thrown as numbers: pointers to C++ exceptions. */

interface LibjxlFrameInfo {
  readonly width: number;
  readonly height: number;
  readonly bitsPerSample: number;
  readonly componentCount: number;
  readonly isSigned: boolean;
}

interface LibjxlModule {
  /** Type and text of a C++ exception. */
  getExceptionMessage(pointer: number): readonly string[];
  decrementExceptionRefcount(pointer: number): void;
}

declare module "@cornerstonejs/codec-libjxl/encodewasmjs" {
  interface JpegXLEncoder {
    setEffort(effort: number): void;
    setLossless(isLossless: boolean): void;
    /** Room for the samples, little-endian, inside the codec's memory; valid until the next call. */
    getDecodedBuffer(info: LibjxlFrameInfo): Uint8Array;
    encode(): void;
    /** The codestream inside the codec's memory; valid until the next call. */
    getEncodedBuffer(): Uint8Array;
  }
  const load: (given: { wasmBinary: Uint8Array }) => Promise<LibjxlModule & { JpegXLEncoder: new () => JpegXLEncoder }>;
  export default load;
}

declare module "@cornerstonejs/codec-libjxl/decodewasmjs" {
  interface JpegXLDecoder {
    getEncodedBuffer(bytes: number): Uint8Array;
    decode(): void;
    getFrameInfo(): LibjxlFrameInfo;
    getDecodedBuffer(): Uint8Array;
  }
  interface Given {
    /** Has to hand in the instance, and returns what it got for it. */
    instantiateWasm(
      imports: Record<string, Record<string, unknown>>,
      receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => object,
    ): object;
  }
  const load: (given: Given) => Promise<LibjxlModule & { JpegXLDecoder: new () => JpegXLDecoder }>;
  export default load;
}
