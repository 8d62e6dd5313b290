/**
 * Sizes a reader can hold: lines of a file, lines of a function, columns of a line; and the header
 * comment that says what a file is. The numbers are the project's, from docs/style.md.
 */
import { isFunctionLikeDeclaration } from 'typescript/unstable/ast/is'
import { isProduct, lineOf, type Repo, type Violation, walk } from './source.ts'

const FILE_LINES_MAX = 400
const FUNCTION_LINES_MAX = 70
const COLUMNS_MAX = 100

export function sizeRule(repo: Repo): Violation[] {
  const found: Violation[] = []
  for (const [path, tree] of repo.trees) {
    const lines = tree.text.replace(/\n$/, '').split('\n')
    const report = (line: number, message: string): void => {
      found.push({ path, line, message })
    }
    if (lines.length > FILE_LINES_MAX) {
      report(1, `${lines.length} lines, at most ${FILE_LINES_MAX}: split it by idea`)
    }
    lines.forEach((line, index) => {
      if (line.length <= COLUMNS_MAX || isUnbreakable(line)) return
      report(index + 1, `${line.length} columns, at most ${COLUMNS_MAX}`)
    })
    if (!isProduct(path)) continue
    if (!hasHeader(tree.text))
      report(1, 'begin with a comment: what it is, its invariant, its source')
    walk(tree, (node) => {
      if (!isFunctionLikeDeclaration(node)) return
      const first = lineOf(tree, node.getStart(tree))
      const length = lineOf(tree, node.getEnd()) - first + 1
      if (length > FUNCTION_LINES_MAX) {
        report(
          first,
          `a function of ${length} lines, at most ${FUNCTION_LINES_MAX}: name its parts`,
        )
      }
    })
  }
  return found
}

function hasHeader(text: string): boolean {
  return /^(?:#!.*\n)?\/\*\*[\s\S]*?\w[\s\S]*?\*\//.test(text)
}

/** Nothing can break a hash, a key or an address: a line with one literal and no blank in it. */
function isUnbreakable(line: string): boolean {
  return /^\s*(?:\S+ = |\S+: |\/\/ |\* )?\S+$/.test(line)
}
