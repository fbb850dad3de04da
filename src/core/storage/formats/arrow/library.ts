/** Apache's own library for Arrow, loaded when a file or a stream of it is written or read. */
import type * as Library from "apache-arrow";

export type Arrow = typeof Library;

export async function loadArrow(): Promise<Arrow> {
  return await import("apache-arrow");
}
