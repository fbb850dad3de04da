/** The package has no types. Its own way to its folder breaks on names that a URL escapes. */
declare module "h5wasm-plugins" {
  /** URL of the package's folder. */
  export const base_url: string;
}
