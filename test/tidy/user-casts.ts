/**
 * What users write needs no cast: neither the examples nor the programs in documents have one, or
 * our types are not good enough. `as const` is free.
 */
import type { Node, SourceFile } from 'typescript/unstable/ast'
import { isAsExpression, isTypeAssertion } from 'typescript/unstable/ast/is'
import { lineOf, type Repo, repoOf, type Violation, walk } from './source.ts'

const message = 'a cast in what users write: mend the type that needs it'

export function userCastsRule(repo: Repo): Violation[] {
  const found: Violation[] = []
  for (const [path, tree] of repo.trees) {
    if (!path.startsWith('examples/')) continue
    for (const line of castsOf(tree)) found.push({ path, line, message })
  }
  const blocks = [...repo.texts].flatMap(([path, text]) => blocksOf(path, text))
  const { trees } = repoOf(Object.fromEntries(blocks.map(({ code }, at) => [`${at}.ts`, code])))
  for (const [at, { path, line }] of blocks.entries()) {
    const tree = trees.get(`${at}.ts`)
    for (const inside of tree ? castsOf(tree) : [])
      found.push({ path, line: line + inside, message })
  }
  return found
}

function castsOf(tree: SourceFile): number[] {
  const lines: number[] = []
  walk(tree, (node: Node) => {
    if (!isAsExpression(node) && !isTypeAssertion(node)) return
    if (node.type.getText(tree) !== 'const') lines.push(lineOf(tree, node.getEnd()))
  })
  return lines
}

type Block = { readonly path: string; readonly line: number; readonly code: string }

/** The fenced TypeScript of a document, with the line of the fence. */
function blocksOf(path: string, text: string): Block[] {
  if (!path.endsWith('.md')) return []
  const blocks: Block[] = []
  let open: { line: number; code: string[] } | undefined
  for (const [at, line] of text.split('\n').entries()) {
    if (open !== undefined) {
      if (!line.startsWith('```')) open.code.push(line)
      else {
        blocks.push({ path, line: open.line, code: open.code.join('\n') })
        open = undefined
      }
    } else if (/^```ts\b/.test(line)) open = { line: at + 1, code: [] }
  }
  return blocks
}
