/**
 * The HDF5 library, compiled to WebAssembly, loaded on first use. It needs watching: its bindings drop the status of
 * H5Dclose, where a chunk that was cached meets the full disk, and its complaints go to stderr. So everything it writes to
 * descriptor 2 is caught here, and a complaint means that the call before it failed, whatever it returned.
 */
import type * as H5wasm from "h5wasm/node";

export type Hdf5 = typeof H5wasm;
export type Hdf5Module = Awaited<Hdf5["ready"]>;

interface Stream {
  readonly fd: number;
  readonly path?: string;
}
/** The part of Emscripten's file system that is looked at; with NODERAWFS it is Node's. */
interface FileSystem {
  readonly streams: readonly (Stream | undefined | null)[];
  write(stream: Stream, buffer: Uint8Array, offset: number, length: number, position?: number): number;
  close(stream: Stream): void;
}

export interface Hdf5Library {
  readonly hdf5: Hdf5;
  readonly module: Hdf5Module;
  /** What the library complained about since the last call, empty when content. */
  takeComplaint(): string;
  /** Closes a file's descriptor behind the library's back: what it has cached is never written. */
  abandonDescriptor(path: string): void;
}

let loaded: Promise<Hdf5Library> | undefined;

/** The library with its compression filters; loads once a thread. */
export function loadHdf5(): Promise<Hdf5Library> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Hdf5Library> {
  const [hdf5, plugins] = await Promise.all([import("h5wasm/node"), import("h5wasm-plugins")]);
  const module = await hdf5.ready;
  // A URL is decoded first: the folder may have a space in its name.
  module.insert_plugin_search_path(decodeURIComponent(new URL("plugins", `${plugins.base_url}/`).pathname), 0);
  const files = module.FS as unknown as FileSystem;
  let complaint = "";
  const write = files.write;
  files.write = (stream, buffer, offset, length, position) => {
    if (stream.fd !== 2) return write(stream, buffer, offset, length, position);
    // The first complaint is the cause; a full disk repeats itself for pages.
    if (complaint.length < 20_000) complaint += Buffer.from(buffer.buffer, offset, length).toString("latin1");
    return length;
  };
  return {
    hdf5,
    module,
    takeComplaint() {
      const text = complaint;
      complaint = "";
      return text;
    },
    abandonDescriptor(path) {
      for (const stream of files.streams) if (stream && stream.fd > 2 && stream.path === path) files.close(stream);
    },
  };
}

/** The innermost reason of an HDF5 error stack: the system's words if it has any ("No space left on device"). */
export function complaintReason(complaint: string): string {
  const system = /error message = '([^']+)'/.exec(complaint)?.[1];
  if (system) return system;
  const frames = [...complaint.matchAll(/#\d+: .*? in \w+\(\): (.*)/g)];
  return frames.at(-1)?.[1] ?? complaint.split("\n")[0] ?? "";
}
