/** Memory, or the address space for it, that was not to be had: no fault of Mote, nor of a file that is read meanwhile. */

/** Said by ourselves: who asked for how much. */
export class OutOfMemory extends Error {
  constructor(what: string, cause?: unknown) {
    super(what, { cause });
    this.name = "OutOfMemory";
  }
}

const codes: ReadonlySet<unknown> = new Set([
  "ERR_MEMORY_ALLOCATION_FAILED",
  "ERR_WORKER_INIT_FAILED",
  "ERR_WORKER_OUT_OF_MEMORY",
  "Z_MEM_ERROR",
]);

/** V8 has no code for it; Emscripten puts V8's words, or its own, into "Aborted(...)". */
const words = /Array buffer allocation failed|WebAssembly\S*: .*(?:could not allocate|out of memory)|^Aborted\(OOM\)/i;

/** False of a system error (ENOMEM), which says so in words of its own. */
export function isOutOfMemory(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return error instanceof OutOfMemory || codes.has((error as NodeJS.ErrnoException).code) || words.test(error.message);
}

/**
 * Throws where no WebAssembly memory can be had. For who loads a library of Emscripten's: its loader prints on stderr before
 * it throws, and h5wasm's throws something else. The engine gives the address space back when the library asks for it.
 */
export function requireWebAssemblyMemory(): void {
  new WebAssembly.Memory({ initial: 1, maximum: 65_536 });
}
