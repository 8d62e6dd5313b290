/**
 * In which order applications are started (rule K1), pure: every one after those it depends on,
 * and otherwise as asked for.
 */
import type { Reason } from '../../runtime/index.ts'

export type StartOrder =
  | { readonly tag: 'ok'; readonly names: readonly string[] }
  | { readonly tag: 'error'; readonly application: string; readonly reason: Reason }

/**
 * `names` and all they need. `dependsOn` gives the dependencies of one, undefined if it is unknown.
 * Fails with `{ tag: 'unknownApplication' }` or `{ tag: 'circularDependency', path }`. Uses no
 * stack: a chain may be of any length.
 */
export function startOrder(
  names: readonly string[],
  dependsOn: (name: string) => readonly string[] | undefined,
): StartOrder {
  const done = new Set<string>()
  const path: string[] = []
  const above = new Set<string>()
  /** For every name of the path, and before the first: those that are still to be looked at. */
  const left: string[][] = [[...names].reverse()]
  for (;;) {
    const name = left.at(-1)?.pop()
    if (name === undefined) {
      left.pop()
      const finished = path.pop()
      if (finished === undefined) return { tag: 'ok', names: [...done] }
      above.delete(finished)
      done.add(finished)
      continue
    }
    if (done.has(name)) continue
    if (above.has(name)) {
      const circle = [...path.slice(path.indexOf(name)), name]
      return failed(name, { tag: 'circularDependency', path: circle })
    }
    const needs = dependsOn(name)
    if (needs === undefined) return failed(name, { tag: 'unknownApplication', application: name })
    path.push(name)
    above.add(name)
    left.push([...needs].reverse())
  }
}

function failed(application: string, reason: Reason): StartOrder {
  return { tag: 'error', application, reason }
}
