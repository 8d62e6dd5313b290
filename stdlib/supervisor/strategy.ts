/**
 * The three strategies (rule V6), pure: which other children stop, and which start again, when one
 * has ended and is to be restarted. `children` are ids in start order. Those to stop come in
 * reverse start order, those to start in start order.
 */
import type { Strategy } from './spec.ts'

export type Affected = { readonly stop: readonly string[]; readonly start: readonly string[] }

const rules: Readonly<Record<Strategy, (children: readonly string[], at: number) => Affected>> = {
  oneForOne: (children, at) => ({ stop: [], start: children.slice(at, at + 1) }),
  oneForAll: (children, at) => ({
    stop: children.filter((_, other) => other !== at).reverse(),
    start: children,
  }),
  restForOne: (children, at) => ({
    stop: children.slice(at + 1).reverse(),
    start: children.slice(at),
  }),
}

export function affected(strategy: Strategy, children: readonly string[], id: string): Affected {
  const at = children.indexOf(id)
  return at < 0 ? { stop: [], start: [] } : rules[strategy](children, at)
}
