/**
 * `as` tells the compiler to believe us, so each layer has a written budget of such places: brands,
 * decoders, little else. Raising a number here is a decision a reviewer sees. `as const` is free.
 */
import { isAsExpression, isTypeAssertion } from 'typescript/unstable/ast/is'
import { isProduct, lineOf, type Repo, type Violation, walk } from './source.ts'

export const castBudget: Readonly<Record<string, number>> = {
  runtime: 8,
  stdlib: 4,
  'src/dist': 1,
}

export function castsRule(repo: Repo, budget = castBudget): Violation[] {
  const places = new Map<string, { path: string; line: number }[]>()
  for (const [path, tree] of repo.trees) {
    if (!isProduct(path)) continue
    const layer = path.startsWith('src/')
      ? path.split('/').slice(0, 2).join('/')
      : path.split('/')[0]
    walk(tree, (node) => {
      if (!isAsExpression(node) && !isTypeAssertion(node)) return
      if (node.type.getText(tree) === 'const') return
      const known = places.get(layer ?? '') ?? []
      places.set(layer ?? '', [...known, { path, line: lineOf(tree, node.getEnd()) }])
    })
  }
  return [...places].flatMap(([layer, casts]) => {
    const limit = budget[layer] ?? 0
    if (casts.length <= limit) return []
    const message = `${casts.length} casts in ${layer} of ${limit} allowed: narrow the type instead`
    return casts.map((place) => ({ ...place, message }))
  })
}
