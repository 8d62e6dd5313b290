/**
 * A persistent stack: adding and taking cost the same however long it is, and the stack before is
 * still there. The engine's queue is one, and so are the postponed events, so that postponing ten
 * thousand events copies none of them.
 */
export type Stack<T> = { readonly top: T; readonly below: Stack<T> } | null

export function push<T>(stack: Stack<T>, item: T): Stack<T> {
  return { top: item, below: stack }
}

/** `onto` with the items of `stack` above it; what was on top of `stack` comes to lie deepest. */
export function unwindOnto<T>(stack: Stack<T>, onto: Stack<T>): Stack<T> {
  let result = onto
  for (let left = stack; left !== null; left = left.below) result = push(result, left.top)
  return result
}

/** `onto` with `items` above it, the first of them on top. */
export function pushAll<T>(items: readonly T[], onto: Stack<T>): Stack<T> {
  let result = onto
  for (let at = items.length - 1; at >= 0; at--) result = push(result, items[at]!)
  return result
}
