/**
 * The value, by way of memory: store and load it before a loop. V8 computes what is pure, splats and constants above all,
 * again in every turn of a loop whose condition stands at its head; what has been loaded stays in its register.
 * at: 16 bytes of scratch.
 */
@inline
export function keep(at: usize, value: v128): v128 {
  v128.store(at, value);
  return v128.load(at);
}
