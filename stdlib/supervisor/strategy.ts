/**
 * The three strategies (rule V6), pure: which other children stop, and which start again, when the
 * child `id` has ended and is to be restarted. Those to stop come in reverse start order, those to
 * start in start order. Only children that are affected are looked at.
 */
import type { Child, Children } from './children.ts'
import type { Strategy } from './spec.ts'

export type Affected = { readonly stop: readonly Child[]; readonly start: readonly Child[] }

const rules: Readonly<Record<Strategy, (children: Children, child: Child) => Affected>> = {
  oneForOne: (_, child) => ({ stop: [], start: [child] }),
  oneForAll: (children, child) => ({
    stop: [...children.backwards()].filter((other) => other !== child),
    start: [...children.onwards()],
  }),
  restForOne: (children, { spec }) => ({
    stop: [...children.backwards(spec.id)],
    start: [...children.onwards(spec.id)],
  }),
}

export function affected(strategy: Strategy, children: Children, id: string): Affected {
  const child = children.byId(id)
  return child === undefined ? { stop: [], start: [] } : rules[strategy](children, child)
}
