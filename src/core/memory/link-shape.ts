/** What a link is asked to be: what it does when it is full, and how much it holds. */

/**
 * What a full link does; `spill` only says that it is full, and whoever pushes has the disk spool (memory/overflow.ts);
 * `latest` is drop-oldest with room for one.
 */
export const linkPolicies = ["block", "drop-newest", "drop-oldest", "latest", "spill", "fail"] as const;
export type LinkPolicy = (typeof linkPolicies)[number];

export interface LinkShape {
  readonly policy: LinkPolicy;
  /** Entries that may wait unclaimed before the policy applies. */
  readonly capacity: number;
  /** Entries that may be claimed or mapped besides; 0 without mappers, 1 of a tap, for its last entry. */
  readonly window: number;
  /**
   * Buffers for what mappers make, found by an entry's position modulo this (products.ts): entries are claimed while
   * theirs is free. Absent or 0: mappers make nothing that needs one.
   */
  readonly products?: number;
  /**
   * What is told with its entries goes into a lane beside them (lane.ts) instead of waiting for a place among them, and the producer tells
   * itself which frames the policy did not let in (policy: drop-newest, drop-oldest, latest).
   */
  readonly hasLane?: boolean;
  /** Behind it is an observer: nothing ever waits for room in it, and what it gives up is told to nobody (policy: drop-oldest, latest). */
  readonly isTap?: boolean;
}
