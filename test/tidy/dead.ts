/**
 * Code nobody reaches: a name exported by product code that no other file takes, and a file that no
 * package entry, script, test or example leads to. What the package's entries export is public and
 * so in use by definition.
 */
import type { Node, SourceFile, Statement } from 'typescript/unstable/ast'
import { SyntaxKind } from 'typescript/unstable/ast'
import {
  isExportDeclaration,
  isIdentifier,
  isNamedExports,
  isVariableStatement,
} from 'typescript/unstable/ast/is'
import { localImports } from './imports.ts'
import { isProduct, type Repo, type Violation, violationAt } from './source.ts'

/** Run by the test runner, by the type checker, or as a child process of a test. */
const rootFiles = /\.test\.ts$|^test\/types\/|\/fixtures\/|^examples\/[^/]+\/main\.ts$/

export function deadRule(repo: Repo): Violation[] {
  const manifest = repo.texts.get('package.json') ?? ''
  const entries = new Set(
    [...manifest.matchAll(/"(?:\.\/)?dist\/([^"]+?)(?:\.d\.ts|\.js)"/g)].map(
      (match) => `${match[1]}.ts`,
    ),
  )
  const scripts = [...repo.trees.keys()].filter((path) => manifest.includes(` ${path}`))
  return [...deadExports(repo, entries), ...deadFiles(repo, [...entries, ...scripts])]
}

function deadExports(repo: Repo, entries: ReadonlySet<string>): Violation[] {
  const used = new Map<string, Set<string>>()
  for (const path of repo.trees.keys()) {
    for (const { target, edge } of localImports(repo, path)) {
      const names = used.get(target) ?? new Set()
      for (const name of edge.names === 'all' ? ['*'] : edge.names) names.add(name)
      used.set(target, names)
    }
  }
  const found: Violation[] = []
  for (const [path, tree] of repo.trees) {
    if (!isProduct(path) || entries.has(path)) continue
    const names = used.get(path) ?? new Set()
    if (names.has('*')) continue
    for (const { name, node } of exportsOf(tree)) {
      if (isTypeOfItsFile(repo, path, name, node)) continue
      const message = `${name} is exported and used nowhere else: do not export it, or delete it`
      if (!names.has(name)) found.push(violationAt(tree, path, node, message))
    }
  }
  return found
}

/** A type that the file's own exports mention: callers meet it without naming it. */
function isTypeOfItsFile(repo: Repo, path: string, name: string, node: Node): boolean {
  const { kind } = node
  if (kind !== SyntaxKind.TypeAliasDeclaration && kind !== SyntaxKind.InterfaceDeclaration) {
    return false
  }
  const mentions = repo.texts.get(path)?.match(new RegExp(`\\b${name}\\b`, 'g')) ?? []
  return mentions.length > 1
}

function deadFiles(repo: Repo, entries: readonly string[]): Violation[] {
  const roots = [...repo.trees.keys()].filter((path) => rootFiles.test(path))
  const reached = new Set([...entries, ...roots])
  for (const path of reached) {
    for (const { target } of localImports(repo, path)) reached.add(target)
    for (const target of urlsOf(repo, path)) reached.add(target)
  }
  return [...repo.trees.keys()]
    .filter((path) => !reached.has(path))
    .map((path) => ({
      path,
      line: 1,
      message: 'no package entry, script, test or example leads to this file',
    }))
}

/** Files started by address, as workers and child processes are: new URL('./x.ts', ...). */
function urlsOf(repo: Repo, path: string): string[] {
  const text = repo.texts.get(path) ?? ''
  return [...text.matchAll(/new URL\(\s*'([^']+\.ts)'/g)].map((match) =>
    new URL(match[1] ?? '', `file:///${path}`).pathname.slice(1),
  )
}

function exportsOf(tree: SourceFile): { name: string; node: Node }[] {
  const found: { name: string; node: Node }[] = []
  for (const statement of tree.statements) {
    if (isExportDeclaration(statement)) {
      const clause = statement.exportClause
      if (clause === undefined || !isNamedExports(clause)) continue
      for (const node of clause.elements) found.push({ name: node.name.text, node })
    } else if (isExported(statement) && isVariableStatement(statement)) {
      for (const node of statement.declarationList.declarations) {
        found.push({ name: node.name.getText(tree), node })
      }
    } else if (isExported(statement)) {
      const name = 'name' in statement ? (statement.name as Node | undefined) : undefined
      if (name !== undefined && isIdentifier(name)) found.push({ name: name.text, node: statement })
    }
  }
  return found
}

function isExported(statement: Statement): boolean {
  const modifiers = 'modifiers' in statement ? statement.modifiers : undefined
  if (!Array.isArray(modifiers)) return false
  return modifiers.some((modifier: Node) => modifier.kind === SyntaxKind.ExportKeyword)
}
