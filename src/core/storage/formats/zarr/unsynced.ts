/** Files of a store that were written since the last sync, and folders in which names are new. All paths are within the store. */
import { dirname } from "node:path";
import type { HeldFolder } from "../../claim/held-folder.js";
import { syncPaths, syncStore } from "./store-folder.js";

export class Unsynced {
  readonly #files = new Set<string>();
  readonly #folders = new Set<string>();
  /** What the store was made with is synced as a whole. */
  #isNew = true;

  /** Bytes of a file that has its name. */
  wrote(file: string): void {
    this.#files.add(file);
  }

  /** A file that is new in its folder, which may be as new as it is, up to the array's. */
  made(file: string, array: string): void {
    this.#files.add(file);
    for (let folder = dirname(file); folder !== array; folder = dirname(folder)) this.#folders.add(folder);
    this.#folders.add(array);
  }

  /** Waits until the disk has all of it; `path` is the store's name. Throws what the disk says. */
  async sync(store: HeldFolder, path: string): Promise<void> {
    const files = [...this.#files];
    const folders = [...this.#folders];
    this.#files.clear();
    this.#folders.clear();
    if (this.#isNew) await syncStore(store, path);
    else await syncPaths(store, files, folders);
    this.#isNew = false;
  }
}
