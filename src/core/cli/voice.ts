/** How a run speaks: the options of every run, decoded. */
export interface Voice {
  readonly json: boolean;
  readonly quiet: boolean;
  /** Say at the end how old frames were. */
  readonly latency: boolean;
}
