/** What the tests of pipelines put together: a camera, a tracker, and a wait for what these make. */

export const sim = "acquire --camera sim --size 128x128 --beads 9";
export const track = "track --diameter 21 --minmass 500 --search-range 8 --memory 1";

/** A shell's wait until the table of process P has rows of some twenty frames, however slow the machine is. */
export function untilRows(table: string): string {
  return `wait-for "rows in ${table}" "! kill -0 $P || [ \\$(wc -l < ${table}) -ge 200 ]"`;
}
