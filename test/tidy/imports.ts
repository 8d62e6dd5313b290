/**
 * What a file imports, in every form the language has: import and re-export declarations, dynamic
 * `import()` with a literal, `import('...')` in a type. Shared by the rules on layers and on dead
 * code, so that both see the same edges.
 */
import type {
  NamedExportBindings,
  NamedImportBindings,
  Node,
  SourceFile,
} from 'typescript/unstable/ast'
import { SyntaxKind } from 'typescript/unstable/ast'
import {
  isCallExpression,
  isExportDeclaration,
  isImportDeclaration,
  isImportTypeNode,
  isLiteralTypeNode,
  isNamedExports,
  isNamedImports,
  isStringLiteral,
} from 'typescript/unstable/ast/is'
import { lineOf, type Repo, resolveRelative, walk } from './source.ts'

export type Import = {
  readonly specifier: string
  readonly line: number
  /** Vanishes when compiled. */
  readonly typeOnly: boolean
  /** Happens when the code runs, not when the file is loaded. */
  readonly dynamic: boolean
  /** Names taken from the other file; `all` for namespaces, `export *` and dynamic imports. */
  readonly names: readonly string[] | 'all'
}

export function importsOf(tree: SourceFile): Import[] {
  const found: Import[] = []
  const add = (
    at: Node,
    from: Node | undefined,
    rest: Omit<Import, 'specifier' | 'line'>,
  ): void => {
    if (from === undefined || !isStringLiteral(from)) return
    found.push({ specifier: from.text, line: lineOf(tree, at.getStart(tree)), ...rest })
  }
  walk(tree, (node) => {
    if (isImportDeclaration(node)) {
      const { importClause: clause, moduleSpecifier } = node
      const typeOnly = clause?.phaseModifier === SyntaxKind.TypeKeyword
      const names = clause === undefined ? [] : namesOf(clause.namedBindings, clause.name)
      add(node, moduleSpecifier, { typeOnly, dynamic: false, names })
    } else if (isExportDeclaration(node)) {
      const names = node.exportClause === undefined ? 'all' : namesOf(node.exportClause, undefined)
      add(node, node.moduleSpecifier, { typeOnly: node.isTypeOnly, dynamic: false, names })
    } else if (isImportTypeNode(node) && isLiteralTypeNode(node.argument)) {
      add(node, node.argument.literal, { typeOnly: true, dynamic: false, names: 'all' })
    } else if (isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword) {
      add(node, node.arguments[0], { typeOnly: false, dynamic: true, names: 'all' })
    }
  })
  return found
}

/** Files of the repository that `path` imports, by resolved path. */
export function localImports(repo: Repo, path: string): { target: string; edge: Import }[] {
  const tree = repo.trees.get(path)
  if (tree === undefined) return []
  return importsOf(tree).flatMap((edge) => {
    const target = resolveRelative(path, edge.specifier)
    return target === undefined ? [] : [{ target, edge }]
  })
}

function namesOf(
  bindings: NamedImportBindings | NamedExportBindings | undefined,
  defaultName: Node | undefined,
): readonly string[] | 'all' {
  const names = defaultName === undefined ? [] : ['default']
  if (bindings === undefined) return names
  if (!isNamedImports(bindings) && !isNamedExports(bindings)) return 'all'
  for (const element of bindings.elements) names.push((element.propertyName ?? element.name).text)
  return names
}
