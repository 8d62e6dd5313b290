/**
 * Tests that can fail. A test whose body leads to no assertion, throw or shared support code proves
 * nothing; a pause instead of a condition proves it only on a fast machine. The search for an
 * assertion follows the functions of the same file.
 */
import type { Node, SourceFile } from 'typescript/unstable/ast'
import { SyntaxKind } from 'typescript/unstable/ast'
import {
  isCallExpression,
  isFunctionDeclaration,
  isIdentifier,
  isImportDeclaration,
  isNamedImports,
  isNewExpression,
  isStringLiteral,
  isVariableDeclaration,
} from 'typescript/unstable/ast/is'
import { importsOf } from './imports.ts'
import { type Repo, type Violation, violationAt, walk } from './source.ts'

const harness = /support\/harness\.ts$/

export function honestRule(repo: Repo): Violation[] {
  const found: Violation[] = []
  for (const [path, tree] of repo.trees) {
    if (!path.startsWith('test/')) continue
    const sleep = 'a pause: wait for the condition, or move the virtual clock'
    walk(tree, (node) => {
      if (isPause(node)) found.push(violationAt(tree, path, node, sleep))
    })
    for (const edge of importsOf(tree)) {
      const pauses = edge.specifier === 'node:timers/promises' && edge.names.includes('setTimeout')
      if (pauses) found.push({ path, line: edge.line, message: sleep })
    }
    if (path.endsWith('.test.ts')) found.push(...unproved(path, tree))
  }
  return found
}

/** `new Promise((resolve) => setTimeout(resolve, n))`, with or without a block. */
function isPause(node: Node): boolean {
  if (!isNewExpression(node) || !isIdentifier(node.expression)) return false
  if (node.expression.text !== 'Promise') return false
  const [executor] = node.arguments ?? []
  if (executor === undefined || !('parameters' in executor)) return false
  return /^\(?(\w+)[^)]*\)?(?:: void)? =>\s*\{?\s*setTimeout\(\s*\1\s*,/.test(executor.getText())
}

function unproved(path: string, tree: SourceFile): Violation[] {
  const declared = declarationsOf(tree)
  const proving = provingImports(tree)
  const suites = suitesOf(tree)
  const found: Violation[] = []
  walk(tree, (node) => {
    if (!isCallExpression(node) || !isIdentifier(node.expression)) return
    const [title, body] = node.arguments
    if (!suites.has(node.expression.text) || title === undefined || body === undefined) return
    if (proves(body, declared, proving, new Set())) return
    const name = isStringLiteral(title) ? title.text : title.getText(tree)
    found.push(violationAt(tree, path, node, `"${name}" asserts nothing`))
  })
  return found
}

function proves(
  node: Node,
  declared: ReadonlyMap<string, Node>,
  proving: ReadonlySet<string>,
  seen: Set<Node>,
): boolean {
  if (seen.has(node)) return false
  seen.add(node)
  let proved = false
  walk(node, (inner) => {
    if (proved || inner.kind === SyntaxKind.ThrowStatement) {
      proved = true
    } else if (isIdentifier(inner)) {
      const target = declared.get(inner.text)
      proved =
        proving.has(inner.text) || (target !== undefined && proves(target, declared, proving, seen))
    }
  })
  return proved
}

/** `assert` of the harness, and whatever comes from the tests' own support code. */
function provingImports(tree: SourceFile): Set<string> {
  const names = new Set<string>()
  for (const statement of tree.statements) {
    if (!isImportDeclaration(statement) || !isStringLiteral(statement.moduleSpecifier)) continue
    const bindings = statement.importClause?.namedBindings
    if (bindings === undefined || !isNamedImports(bindings)) continue
    const from = statement.moduleSpecifier.text
    const support = from.startsWith('.') && !/\/(runtime|stdlib|src)\//.test(from)
    for (const { name } of bindings.elements) {
      const isAssert = harness.test(from) && name.text === 'assert'
      if (isAssert || (support && !harness.test(from))) names.add(name.text)
    }
  }
  return names
}

function suitesOf(tree: SourceFile): Set<string> {
  const names = new Set<string>()
  walk(tree, (node) => {
    if (!isVariableDeclaration(node) || node.initializer === undefined) return
    const { initializer } = node
    if (!isCallExpression(initializer) || !isIdentifier(initializer.expression)) return
    if (initializer.expression.text === 'suite') names.add(node.name.getText(tree))
  })
  return names
}

function declarationsOf(tree: SourceFile): Map<string, Node> {
  const declared = new Map<string, Node>()
  walk(tree, (node) => {
    if (isFunctionDeclaration(node) && node.name !== undefined) declared.set(node.name.text, node)
    if (isVariableDeclaration(node) && isIdentifier(node.name)) declared.set(node.name.text, node)
  })
  return declared
}
