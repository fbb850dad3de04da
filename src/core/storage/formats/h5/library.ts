/**
 * The HDF5 library, compiled to WebAssembly, loaded on first use. It needs watching: its bindings drop the status of
 * H5Dclose, where a chunk that was cached meets the full disk, and its complaints go to stderr. So everything it writes to
 * descriptor 2 is caught here, and a complaint means that the call before it failed, whatever it returned.
 */
import { resolve } from "node:path";
import type * as H5wasm from "h5wasm/node";
import { leastLibraryBytes, memoryOfFile } from "../../../budget.js";
import { requireWebAssemblyMemory } from "../../../out-of-memory.js";
import { watchedStep } from "../../../workers/call-watch.js";
import type { HeldFile } from "./held-file.js";

export type Hdf5 = typeof H5wasm;
export type Hdf5Module = Awaited<Hdf5["ready"]>;

interface Stream {
  readonly fd: number;
  readonly path?: string;
}
/** The part of Emscripten's file system that is looked at; with NODERAWFS it is Node's. */
interface FileSystem {
  readonly streams: readonly (Stream | undefined | null)[];
  write(stream: Stream, buffer: Int8Array, offset: number, length: number, position?: number): number;
  read(stream: Stream, buffer: Int8Array, offset: number, length: number, position?: number): number;
  ftruncate(fd: number, length: number): void;
}

export interface Hdf5Library {
  readonly hdf5: Hdf5;
  readonly module: Hdf5Module;
  /** What the library complained about since the last call, empty when content. */
  takeComplaint(): string;
  /** A file of this length is read or written: the memory that the library may have goes by the longest. */
  expectFile(bytes: number): void;
  /** Puts a held file between the library and the file of this path, until the function returned is called. */
  hold(path: string, file: HeldFile): () => void;
}

const webAssemblyPageBytes = 65_536;

let loaded: Promise<Hdf5Library> | undefined;

/** The library with its compression filters; loads once a thread. */
export function loadHdf5(): Promise<Hdf5Library> {
  loaded ??= load();
  return loaded;
}

/**
 * The library's own start: what it would print when it gives up is its complaint, and its memory has a bound. Both are taken from it
 * while it starts, as it offers neither.
 */
async function started(
  complain: (text: string) => void,
  mayHaveBytes: () => number,
): Promise<{ hdf5: Hdf5; module: Hdf5Module }> {
  const { error } = console;
  const { instantiate } = WebAssembly;
  console.error = (...words: unknown[]) => complain(`${words.join(" ")}\n`);
  WebAssembly.instantiate = async (...request) => {
    const made = await instantiate(...request);
    const { memory } = made.instance.exports;
    if (memory instanceof WebAssembly.Memory) bound(memory, mayHaveBytes);
    return made;
  };
  try {
    const hdf5 = await import("h5wasm/node");
    return { hdf5, module: await hdf5.ready };
  } finally {
    console.error = error;
    WebAssembly.instantiate = instantiate;
  }
}

/** A small file that claims gigabytes for an attribute does not get them: the library is told that there are none. */
function bound(memory: WebAssembly.Memory, mayHaveBytes: () => number): void {
  const grow = memory.grow.bind(memory);
  memory.grow = (pages) => {
    if (memory.buffer.byteLength + pages * webAssemblyPageBytes > mayHaveBytes()) {
      throw new RangeError("more memory than a file of its length may need");
    }
    return grow(pages);
  };
}

async function load(): Promise<Hdf5Library> {
  requireWebAssemblyMemory();
  let complaint = "";
  let mayHave = 0;
  // The first complaint is the cause; a full disk repeats itself for pages.
  const complain = (text: string) => {
    if (complaint.length < 20_000) complaint += text;
  };
  const [{ hdf5, module }, plugins] = await Promise.all([
    started(complain, () => leastLibraryBytes + mayHave),
    import("h5wasm-plugins"),
  ]);
  // A URL is decoded first: the folder may have a space in its name.
  module.insert_plugin_search_path(decodeURIComponent(new URL("plugins", `${plugins.base_url}/`).pathname), 0);
  const files = module.FS as unknown as FileSystem;
  const held = new Map<string, HeldFile>();
  const { read, write, ftruncate } = files;
  /** With a held file the library reads and writes at offsets only; no other call of its file driver moves bytes. */
  function heldFile(stream: Stream | undefined | null): HeldFile | undefined {
    return held.size === 0 || stream?.path === undefined ? undefined : held.get(resolve(stream.path));
  }
  files.write = (stream, buffer, offset, length, position) => {
    if (stream.fd === 2) {
      complain(Buffer.from(buffer.buffer, offset, length).toString("latin1"));
      return length;
    }
    const file = heldFile(stream);
    if (!file || position === undefined) return write(stream, buffer, offset, length, position);
    file.write(new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length), position);
    return length;
  };
  files.read = (stream, buffer, offset, length, position) => {
    watchedStep();
    const file = heldFile(stream);
    if (!file || position === undefined) return read(stream, buffer, offset, length, position);
    return file.read(new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length), position);
  };
  files.ftruncate = (fd, length) => {
    const file = heldFile(files.streams[fd]);
    if (file) file.truncate(length);
    else ftruncate(fd, length);
  };
  return {
    hdf5,
    module,
    expectFile(bytes) {
      mayHave = Math.max(mayHave, memoryOfFile * bytes);
    },
    takeComplaint() {
      const text = complaint;
      complaint = "";
      return text;
    },
    hold(path, file) {
      const key = resolve(path);
      held.set(key, file);
      return () => held.delete(key);
    },
  };
}

/** What the library complained about: its words for people, and for programs what they mean. */
export interface Complaint {
  /** The innermost reason of the error stack: the system's words if it has any; empty when there is none. */
  readonly what: string;
  /** The refusal of the system behind it, with the code that Node would have given it. */
  readonly system: Error | undefined;
  /** A compression filter did not do its work. */
  readonly isFilters: boolean;
}

/** The system's words, as Emscripten's strerror has them, and their codes. */
const systemWords: ReadonlyMap<string, string> = new Map([
  ["No space left on device", "ENOSPC"],
  ["Quota exceeded", "EDQUOT"],
  ["Disk quota exceeded", "EDQUOT"],
]);

/** The one place that reads meaning from the library's words: it has no codes, and passes on the system's words without theirs. */
export function complaintOf(text: string): Complaint {
  const frames = [...text.matchAll(/#\d+: .*? in \w+\(\): (.*)/g)];
  const words = /error message = '([^']+)'/.exec(text)?.[1];
  const what = words ?? frames.at(-1)?.[1] ?? text.split("\n")[0] ?? "";
  const code = systemWords.get(what);
  const system = code === undefined ? undefined : Object.assign(new Error(what), { code, syscall: "write" });
  return { what, system, isFilters: what.includes("filter returned failure") };
}
